#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "restic/cli/version.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/task_messages.h"

namespace restic::cli {

/// How restic reaches a repository: what every command on it has in common.
struct RepositoryAccess {
    std::string url;
    std::string type;
    /// From the vault; goes to restic through memory.
    std::optional<std::string> password;
    /// What `restic key add` is to make open it as well: through memory too, and of that command only.
    std::optional<std::string> newPassword;
    /// A file of this machine.
    std::filesystem::path passwordFile;
    std::string certFile;
    /// Complete but for what the machine adds (PATH, HOME, cache).
    std::map<std::string, std::string> environment;
    /// Secrets that restic wants as the path of a file, by the field of the kind.
    std::map<std::string, protocol::SecretAsFile> secretFiles;
    /// What the kind's options are made of.
    protocol::RepositoryValues values;
    /// Whose part of the cache is used: the folder's name in it; empty: the whole.
    std::string cachePart = {};
    /// Nothing is kept of what is read.
    bool noCache = false;

    /// The folder of a repository on this machine's own disks.
    [[nodiscard]] std::optional<std::filesystem::path> localFolder() const;
};

/// What this machine says of repositories.
struct AccessRules {
    /// Where relative password files are looked up; empty: nowhere.
    std::string configDir;
    /// Kinds beyond those that need no leave (RepositoryKind::byAgentsLeave).
    std::vector<std::string> allowedKinds;
    /// Whose repository it is: older ones take some credentials only in the address.
    std::optional<ResticVersion> restic;
};

/// How to reach a repository, or why it cannot be reached. Reads the files that it names.
[[nodiscard]] std::variant<RepositoryAccess, protocol::TaskError>
accessTo(const protocol::TaskRepository& repository, const AccessRules& rules);

/// The folder of an address on a machine's own disks; nullopt for any other kind.
[[nodiscard]] std::optional<std::filesystem::path> localFolderOf(const std::string& type,
                                                                 const std::string& url);

/// The path below the local repository's `snapshots` whose name begins with the short id: the full id,
/// without asking restic. nullopt if there is none, or more than one.
[[nodiscard]] std::optional<std::string> fullSnapshotId(const std::filesystem::path& repository,
                                                        const std::string& shortId);

/// The same of a repository elsewhere: restic 0.14 writes each snapshot that it makes into its cache too.
[[nodiscard]] std::optional<std::string> cachedSnapshotId(const std::filesystem::path& cache,
                                                          const std::string& shortId);

} // namespace restic::cli
