#include "tokens/api_token_authenticator.h"

#include "core/error.h"

namespace base {

namespace {
constexpr auto kBelieved = std::chrono::seconds(30);
/// The time of the last use is for people: it need not be exact.
constexpr auto kUseNoted = std::chrono::minutes(5);
} // namespace

std::optional<core::Result<ApiTokenAuthenticator::Verified>>
ApiTokenAuthenticator::authenticate(const core::http::Credentials& credentials) {
    using core::http::Credentials;
    if (credentials.scheme == Credentials::Scheme::agentKey ||
        !credentials.secret.starts_with(ApiTokenStore::kMark))
        return std::nullopt;
    const auto now = clock_.now();
    const auto found = database_.read(core::SystemContext("authentication"), [&](core::db::Transaction& tx) {
        return tokens_.findByToken(tx, credentials.secret);
    });
    const auto refuse = [](const char* why) {
        return core::Result<Verified>(core::Error(core::errors::kInvalidToken, why));
    };
    if (!found)
        return refuse("The API token is not valid.");
    const auto* token = &found->row;
    if (token->revokedAt)
        return refuse("The API token was revoked.");
    if (token->expiresAt && *token->expiresAt <= now)
        return refuse("The API token has expired.");
    const auto role = found->role();
    if (!role)
        return refuse("The API token's owner may not do anything here any more.");
    if (!token->lastUsedAt || *token->lastUsedAt + kUseNoted < now)
        database_.transact(core::SystemContext("authentication"),
                           [&](core::db::Transaction& tx) { tokens_.used(tx, token->id); });
    core::http::Principal principal;
    principal.kind = core::http::PrincipalKind::apiToken;
    principal.id = token->id;
    principal.name = token->name;
    principal.tenant = token->tenant;
    principal.role = role;
    principal.system = !token->tenant.has_value();
    auto until = now + kBelieved;
    if (token->expiresAt)
        until = std::min(until, *token->expiresAt);
    return core::Result<Verified>(Verified{principal, until});
}

} // namespace base
