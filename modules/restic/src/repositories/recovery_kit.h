#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "core/wire.h"
#include "repositories/repository_store.h"

namespace restic {

/// A secret that whoever restores has to have: it is never in the kit.
struct SecretToHave {
    std::string variable; ///< in which restic takes it; empty: in a file that an option names
    std::string doc;
    /// The file beside the commands into which it belongs; absent: it is typed.
    std::optional<std::string> file;
    /// Where the agent's machine has it, if it is not in this server's vault.
    std::optional<std::string> onMachine;
};

/// The newest snapshot of something that is saved there, and how it comes back.
struct Recoverable {
    std::optional<std::string> host;
    std::vector<std::string> paths;
    std::string snapshotId;
    core::Instant time;
    std::string command;
};

/// What somebody needs who has nothing left but this page and restic: where the repository is, what it is
/// opened with, and the commands, for bash. No secret is in it.
struct RecoveryKit {
    core::Uuid repositoryId;
    std::string name;
    std::string type;
    std::string url;
    /// Whether this server has the password; else it is in passwordFile, a file of the agents' machines.
    bool passwordInVault = true;
    std::optional<std::string> passwordFile;
    std::vector<SecretToHave> secrets;
    /// Typed before the others.
    std::vector<std::string> prepare;
    std::string list;
    std::string restoreLatest;
    /// At most kMostRecoverable, the newest first.
    std::vector<Recoverable> recoverable;

    static constexpr int kMostRecoverable = 100;
    static RecoveryKit of(core::db::Transaction& tx, const Repository& repository);
};

const core::wire::Type& wireType(const SecretToHave*);
const core::wire::Type& wireType(const Recoverable*);
const core::wire::Type& wireType(const RecoveryKit*);

/// A word for a shell, whatever is in it.
[[nodiscard]] std::string quotedForShell(const std::string& word);

} // namespace restic
