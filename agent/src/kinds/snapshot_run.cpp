#include "kinds/snapshot_run.h"

#include "restic/protocol/task_errors.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;

SnapshotRun::Snapshots SnapshotRun::list(const restic::cli::RepositoryAccess& repository,
                                         const std::stop_token& stop) const {
    std::vector<std::string> arguments{"snapshots", "--json", "--no-lock"};
    if (snapshot_.host)
        arguments.push_back("--host=" + *snapshot_.host);
    std::optional<restic::protocol::TaskError> error;
    std::optional<std::vector<restic::cli::SnapshotInfo>> found;
    const bool read = commands().readLines(repository, arguments, stop, error, [&](std::string_view line) {
        if (line.starts_with('['))
            found = restic::cli::readSnapshots(line);
    });
    if (error)
        return *error;
    if (!read || !found)
        return task_errors::make(task_errors::kCommandFailed, "restic does not list the snapshots");
    return std::move(*found);
}

} // namespace agent
