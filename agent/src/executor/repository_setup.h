#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <variant>

#include "executor/repository_commands.h"
#include "restic/cli/repository_access.h"

namespace agent {

/// Creates a repository where its place is really empty: what is not empty is never initialised. One thread.
class RepositorySetup {
public:
    RepositorySetup(const RepositoryCommands& commands, TaskReport& report)
        : commands_(commands), report_(report) {}

    /// Why there is no repository now, or nothing. What is wrong with one that is there, the commands on it
    /// will say.
    std::optional<restic::protocol::TaskError> prepare(const restic::cli::RepositoryAccess& repository,
                                                       const std::stop_token& stop);
    /// What may be done at a place: nothing is there, so that a repository may be created; or something is,
    /// of which the commands on it will say more.
    enum class Place { empty, taken };
    /// Looks into a folder of this machine and changes nothing in it; or why no repository can be there.
    std::variant<Place, restic::protocol::TaskError>
    lookInFolder(const restic::cli::RepositoryAccess& repository, const std::filesystem::path& folder,
                 const std::stop_token& stop);
    /// It was created by this.
    [[nodiscard]] bool created() const noexcept { return created_; }

private:
    std::optional<restic::protocol::TaskError> prepareFolder(const restic::cli::RepositoryAccess& repository,
                                                             const std::filesystem::path& folder,
                                                             const std::stop_token& stop);
    std::optional<restic::protocol::TaskError> initialise(const restic::cli::RepositoryAccess& repository,
                                                          const std::stop_token& stop);

    const RepositoryCommands& commands_;
    TaskReport& report_;
    bool created_ = false;
};

} // namespace agent
