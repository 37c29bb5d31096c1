#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "core/time.h"

namespace agent {

/// Who this agent is to its server.
struct Identity {
    std::string agentId;
    std::string token;
    std::string serverUrl;
    std::string hostname;
    std::string caCert;
    core::Instant issuedAt;
    core::Instant expiresAt;
};

/// When two thirds of the token's life are over.
[[nodiscard]] core::Instant rotationTime(const Identity& identity);

/// Reads the identity; nullopt if there is none. Throws errors::kState if the file is damaged.
[[nodiscard]] std::optional<Identity> loadIdentity(const std::filesystem::path& file);
/// Durable before it returns; mode 0600.
void saveIdentity(const std::filesystem::path& file, const Identity& identity);

/// The identity in use, shared by the agent's threads.
class IdentityStore {
public:
    IdentityStore(std::filesystem::path file, Identity identity)
        : file_(std::move(file)), identity_(std::move(identity)) {}

    [[nodiscard]] Identity get() const;
    /// Stores the new token before anyone can use it.
    void replaceToken(std::string token, core::Instant issuedAt, core::Instant expiresAt);

private:
    std::filesystem::path file_;
    mutable std::mutex mutex_;
    Identity identity_;
};

} // namespace agent
