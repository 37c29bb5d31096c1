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
    /// Of the machine that was enrolled; empty: unknown.
    std::string machineId{};
    std::string hardwareId{};
};

/// Marks of this machine that a copied state folder does not bring along: systemd's machine id, and the
/// number of the (virtual) hardware, which only root may read. Each hashed; empty where there is none.
struct MachineMarks {
    std::string machineId;
    std::string hardwareId;
};
[[nodiscard]] MachineMarks marksOfThisMachine();

/// True if the identity was made on another machine than that of the marks. What either side does not know
/// proves nothing.
[[nodiscard]] bool isFromAnotherMachine(const Identity& identity, const MachineMarks& marks);

/// For whoever starts an agent on a copied state folder.
inline constexpr auto kClonedSentence =
    "This state folder was enrolled on another machine: it is a copy, and two agents with one identity would "
    "report "
    "over each other. Empty the folder and enrol this machine with a token of its own (`restic-agent "
    "enroll`). If it "
    "is the same machine with a new id, or a container that moves, set agent.bind_to_machine to false.";

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
    /// Stores which machine this is.
    void setMarks(const MachineMarks& marks);

private:
    std::filesystem::path file_;
    mutable std::mutex mutex_;
    Identity identity_;
};

} // namespace agent
