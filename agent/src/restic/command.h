#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/process.h"
#include "restic/repository_access.h"

namespace agent {

/// A restic command ready to start. Keeps the descriptors of secrets open as long as it lives.
struct ResticCommand {
    core::ProcessSpec spec;
    std::optional<core::SecretFile> secret;    ///< the repository's password
    std::optional<core::SecretFile> newSecret; ///< the one that is to open it as well
    std::vector<core::SecretFile>
        ofBackend; ///< which restic, or the ssh that it starts, opens by their paths
};

/// Variables of the agent's own environment that restic gets, if they are set: in which time zone its
/// snapshots are dated, through which proxy it reaches a storage, where its temporary files and the system's
/// CAs are.
[[nodiscard]] const std::vector<std::string>& passedOnVariables();

/// Builds restic's command lines: a minimal environment (passedOnVariables(), and PATH and HOME), the
/// password through memory, nothing of the agent's own.
class ResticCommands {
public:
    ResticCommands(const Config& config, std::filesystem::path cache, const Environment& environment);

    /// A command on a repository; `arguments` begin with the command's name.
    [[nodiscard]] ResticCommand on(const RepositoryAccess& repository,
                                   const std::vector<std::string>& arguments) const;
    /// Where restic keeps copies of what it reads often, below a folder for each repository.
    [[nodiscard]] const std::filesystem::path& cache() const noexcept { return cache_; }
    /// `restic version`.
    [[nodiscard]] core::ProcessSpec version() const;
    /// `restic options`: what this restic can be told, by backend.
    [[nodiscard]] core::ProcessSpec options() const;

private:
    [[nodiscard]] core::ProcessSpec base() const;
    /// A command that needs no repository and says a little.
    [[nodiscard]] core::ProcessSpec saying(const char* word) const;

    const Config& config_;
    std::filesystem::path cache_;
    std::map<std::string, std::string> environment_;
};

} // namespace agent
