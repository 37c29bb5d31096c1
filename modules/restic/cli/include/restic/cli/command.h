#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"
#include "restic/cli/program.h"
#include "restic/cli/repository_access.h"
#include "restic/cli/ssh_log.h"
#include "restic/cli/user_file.h"

namespace restic::cli {

/// A restic command ready to start. Keeps the descriptors of secrets open as long as it lives.
struct ResticCommand {
    core::ProcessSpec spec;
    std::optional<core::SecretFile> secret;    ///< the repository's password
    std::optional<core::SecretFile> newSecret; ///< the one that is to open it as well
    std::vector<core::SecretFile>
        ofBackend;                ///< which restic, or the ssh that it starts, opens by their paths
    std::vector<UserFile> ofUser; ///< the same, where it runs as another user
    std::optional<SshLog> ofSsh;  ///< where ssh says what is wrong, if it is called as we tell it

    /// What that ssh has said, as restic would pass it on.
    [[nodiscard]] std::string saidBySsh() const { return ofSsh ? ofSsh->text() : std::string(); }
};

/// Variables of the caller's own environment that restic gets, if they are set: in which time zone its
/// snapshots are dated, through which proxy it reaches a storage, where its temporary files and the system's
/// CAs are.
[[nodiscard]] const std::vector<std::string>& passedOnVariables();

/// Builds restic's command lines: a minimal environment (passedOnVariables(), and PATH and HOME), the
/// password through memory, nothing of the caller's own.
class ResticCommands {
public:
    ResticCommands(ResticProgram program, std::filesystem::path cache,
                   const std::map<std::string, std::string>& environment);

    /// A command on a repository; `arguments` begin with the command's name.
    [[nodiscard]] ResticCommand on(const RepositoryAccess& repository,
                                   const std::vector<std::string>& arguments) const;
    /// Where restic keeps copies of what it reads often, below a folder for each repository.
    [[nodiscard]] const std::filesystem::path& cache() const noexcept { return cache_; }
    /// OpenSSH's sftp on the server of a repository there, as restic reaches it; commands come from its
    /// standard input. nullopt without a key of the repository's own.
    [[nodiscard]] std::optional<ResticCommand> sftp(const RepositoryAccess& repository) const;
    /// `restic version`.
    [[nodiscard]] core::ProcessSpec version() const;
    /// `restic options`: what this restic can be told, by backend.
    [[nodiscard]] core::ProcessSpec options() const;

private:
    [[nodiscard]] core::ProcessSpec base() const;
    /// As the program's user and within its limits, where it has them.
    void confine(core::ProcessSpec& spec) const;
    [[nodiscard]] std::string pathOf(const std::string& secret, ResticCommand& command) const;
    /// Hands secrets over that are wanted as files; the kind's options, of their paths.
    [[nodiscard]] std::vector<std::string> optionsOf(const RepositoryAccess& repository,
                                                     ResticCommand& command) const;
    /// A command that needs no repository and says a little.
    [[nodiscard]] core::ProcessSpec saying(const char* word) const;

    ResticProgram program_;
    std::filesystem::path cache_;
    std::map<std::string, std::string> environment_;
};

} // namespace restic::cli
