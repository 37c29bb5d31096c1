#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"
#include "core/json.h"
#include "core/time.h"

namespace base {

/// What a token says. `extra` holds claims besides the registered ones ("tenant_id").
struct TokenClaims {
    std::string subject;
    std::string audience; ///< "user" or "agent"
    core::Instant issuedAt;
    core::Instant expiresAt;
    std::optional<core::Instant> notBefore = {};
    core::json::Object extra = {};
};

enum class TokenFault { none, malformed, signature, issuer, audience, expired, notYetValid };

struct TokenVerdict {
    TokenFault fault = TokenFault::none;
    TokenClaims claims; ///< only when there is no fault
    [[nodiscard]] bool ok() const noexcept { return fault == TokenFault::none; }
};

/// Signs and verifies the tokens of people and agents: JWT, HS256 and nothing else, under AE_JWT_SECRET.
/// Thread-safe.
class CORE_EXPORT TokenSigner {
public:
    static constexpr std::string_view kService = "base.token_signer/1";
    static constexpr std::string_view kUserAudience = "user";
    static constexpr std::string_view kAgentAudience = "agent";
    virtual ~TokenSigner() = default;

    [[nodiscard]] virtual std::string sign(const TokenClaims& claims) const = 0;
    /// Judges signature, issuer, audience and times (60 s of skew are forgiven). Never throws for a bad
    /// token.
    [[nodiscard]] virtual TokenVerdict verify(std::string_view token, std::string_view audience) const = 0;
    /// Whom a token says it is for, unverified: only to find out whose token to verify.
    [[nodiscard]] virtual std::optional<std::string> audienceOf(std::string_view token) const = 0;
};

} // namespace base
