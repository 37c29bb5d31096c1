#include "kinds/restore_run.h"

#include <algorithm>
#include <set>

#include "kinds/restore_place.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
using protocol::TaskError;
} // namespace

RestoreRun::RestoreRun(const TaskServices& services, const protocol::RestoreTask& task,
                       std::shared_ptr<Outbox> outbox)
    : CommandRun(services, task, std::move(outbox),
                 [this, &task](restic::cli::WorkContext context) {
                     return std::make_unique<Restore>(
                         task, std::move(context),
                         [this](const protocol::notices::Kind& kind, std::string message) {
                             report().note(kind, std::move(message));
                         });
                 }),
      task_(task) {}

bool RestoreRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    // It was looked at before restic started; what it restores is there by now.
    std::error_code code;
    if (!task_.inPlace)
        if (auto folder = std::filesystem::canonical(*task_.target, code); !code)
            restore().setPlace(folder.string());
    return CommandRun::adopt(known, stop);
}

std::optional<TaskError> RestoreRun::prepare(const restic::cli::RepositoryAccess& repository,
                                             const restic::cli::ResticVersion& version,
                                             const std::stop_token& stop) {
    RestoreBounds bounds{services().plugins.policy(), {services().state.path()}};
    if (auto folder = repository.localFolder())
        bounds.kept.push_back(*folder);
    auto found =
        commands().look([task = task_, version, bounds] { return findPlace(task, version, bounds); }, stop);
    if (!found)
        return protocol::task_errors::make(protocol::task_errors::kCommandTimeout,
                                           "The file system to restore to does not answer");
    if (auto* error = std::get_if<TaskError>(&*found))
        return std::move(*error);
    const auto& folder = std::get<std::string>(*found);
    restore().setPlace(folder);
    const bool mayBeThere = !isEmptyPlace(folder);
    if (!mayBeThere && makesHoles(version))
        restore().setSparse();
    if (followsLinks(version) || (mayBeThere && !task_.paths.empty()))
        return lookAtSnapshot(repository, version, folder, stop);
    return std::nullopt;
}

std::optional<TaskError> RestoreRun::lookAtSnapshot(const restic::cli::RepositoryAccess& repository,
                                                    const restic::cli::ResticVersion& version,
                                                    const std::string& folder, const std::stop_token& stop) {
    const bool follows = followsLinks(version);
    std::vector<std::string> arguments{"ls", "--json", "--no-lock"};
    if (follows)
        arguments.emplace_back("--recursive");
    arguments.emplace_back("--");
    arguments.push_back(task_.snapshotId);
    if (std::find(task_.paths.begin(), task_.paths.end(), "/") == task_.paths.end())
        arguments.insert(arguments.end(), task_.paths.begin(), task_.paths.end());
    std::set<std::string> lacking(task_.paths.begin(), task_.paths.end());
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::optional<TaskError> inTheWay;
    std::optional<TaskError> error;
    commands().readLines(repository, arguments, stop, error, [&](std::string_view line) {
        const auto node = restic::cli::json::read(line);
        if (!node || node->stringOr("struct_type", node->stringOr("message_type")) != "node")
            return;
        const auto path = node->stringOr("path");
        lacking.erase(path);
        ++files;
        bytes += restic::cli::json::count(*node, "size").value_or(0);
        if (follows && !inTheWay)
            inTheWay = whyInTheWay(folder, path, node->stringOr("type"));
    });
    if (error)
        return error;
    if (inTheWay)
        return inTheWay;
    lacking.erase("/");
    restore().setMissing({lacking.begin(), lacking.end()});
    if (follows)
        restore().setListed(files, bytes);
    return std::nullopt;
}

} // namespace agent
