#pragma once

#include <string>

#include "base/token_signer.h"

namespace base {

class JwtSigner final : public TokenSigner {
public:
    /// Throws core::Error(kValidation) for a key below 32 bytes. `clock` must outlive this.
    JwtSigner(std::string key, const core::Clock& clock, std::string issuer = "restic-monitor");

    [[nodiscard]] std::string sign(const TokenClaims& claims) const override;
    [[nodiscard]] TokenVerdict verify(std::string_view token, std::string_view audience) const override;
    [[nodiscard]] std::optional<std::string> audienceOf(std::string_view token) const override;

private:
    std::string key_;
    const core::Clock& clock_;
    std::string issuer_;
};

} // namespace base
