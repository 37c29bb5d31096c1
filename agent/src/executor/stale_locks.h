#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "executor/repository_commands.h"
#include "restic/cli/repository_access.h"

namespace agent {

/// Locks that nobody holds any more: restic removes them where their process has died, or where they are
/// older than half an hour. Never all of them, and once in a task. One thread.
class StaleLocks {
public:
    StaleLocks(const RepositoryCommands& commands, TaskReport& report)
        : commands_(commands), report_(report) {}

    /// After restic met a lock. True if another try is worth it.
    bool removeAfter(const restic::cli::RepositoryAccess& repository, const core::ProcessExit& exit,
                     std::string_view errorText, const std::stop_token& stop);
    /// That one was removed, as a notice of the task; nothing if none was.
    void noteRemoved();
    /// After a restic that was ended from outside: removes the lock that it may have left. The address is not
    /// always known after an adoption, the folder may be.
    void removeLeftBehind(const std::optional<restic::cli::RepositoryAccess>& repository,
                          const std::optional<std::filesystem::path>& folder, const std::stop_token& stop);

private:
    const RepositoryCommands& commands_;
    TaskReport& report_;
    bool tried_ = false;
    std::string holder_;
};

} // namespace agent
