#include "state/identity.h"

#include "core/wire.h"
#include "state/files.h"

namespace agent {

static const core::wire::Type& wireType(const Identity*) {
    static const auto type = core::wire::object<Identity>("Identity", core::wire::tolerant)
                                 .field("agent_id", &Identity::agentId, {.minLength = 1})
                                 .field("token", &Identity::token, {.minLength = 1})
                                 .field("server_url", &Identity::serverUrl, {.minLength = 1})
                                 .field("hostname", &Identity::hostname, {.optional = true})
                                 .field("ca_cert", &Identity::caCert, {.optional = true})
                                 .field("issued_at", &Identity::issuedAt)
                                 .field("expires_at", &Identity::expiresAt)
                                 .build();
    return type;
}

core::Instant rotationTime(const Identity& identity) {
    return identity.issuedAt + (identity.expiresAt - identity.issuedAt) * 2 / 3;
}

std::optional<Identity> loadIdentity(const std::filesystem::path& file) {
    const auto text = readFileIfAny(file);
    if (!text)
        return std::nullopt;
    auto identity = core::wire::parse<Identity>(*text);
    if (!identity)
        throw core::Error(errors::kState,
                          file.string() + " is damaged; enrol the agent again with `restic-agent enroll`");
    return std::move(identity).value();
}

void saveIdentity(const std::filesystem::path& file, const Identity& identity) {
    writeFileDurably(file, core::wire::write(identity) + "\n");
}

Identity IdentityStore::get() const {
    const std::lock_guard lock(mutex_);
    return identity_;
}

void IdentityStore::replaceToken(std::string token, core::Instant issuedAt, core::Instant expiresAt) {
    const std::lock_guard lock(mutex_);
    auto next = identity_;
    next.token = std::move(token);
    next.issuedAt = issuedAt;
    next.expiresAt = expiresAt;
    saveIdentity(file_, next);
    identity_ = std::move(next);
}

} // namespace agent
