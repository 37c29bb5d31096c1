#include "kinds/backup_plan.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "files/path_look.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"

#include "core/text.h"
#include "restic/task_repository.h"

namespace agent {
namespace {
namespace task_errors = restic::protocol::task_errors;
using restic::protocol::TaskError;

TaskError invalid(std::string message) {
    return task_errors::make(task_errors::kInvalidTask, std::move(message));
}

std::string why(const std::string& path) {
    const int code = lookAt(path).error;
    const auto text = core::printable(path);
    return code == ENOENT || code == 0 ? text : text + " (" + std::generic_category().message(code) + ")";
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos)
        return {};
    return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}
} // namespace

std::variant<BackupPlan, TaskError> planBackup(const restic::protocol::BackupTask& task,
                                               const PlanContext& context, const LocalPolicy& policy) {
    const auto& config = context.config;
    BackupPlan plan;
    auto access = planAccess(task, context);
    if (auto* error = std::get_if<TaskError>(&access))
        return *error;
    plan.repository = std::get<restic::cli::RepositoryAccess>(std::move(access));

    auto sources = task.sources;
    for (const auto& source : config.backup.sources)
        if (task.policyName == source.policy &&
            std::find(sources.begin(), sources.end(), source.path) == sources.end())
            sources.push_back(source.path);
    if (sources.empty() && task.plugins.empty())
        return invalid("The task names no source");
    for (auto& source : sources) {
        if (!source.starts_with('/'))
            return invalid("The source " + source + " is no absolute path");
        if (!policy.allowsPath(source))
            return task_errors::make(task_errors::kForbiddenOnMachine,
                                     "The machine's local policy does not allow to save " +
                                         core::printable(source));
        // Forbidden is not missing: restic, which may have more rights, will say.
        (lookAt(source).missing() ? plan.missingSources : plan.sources).push_back(source);
    }
    if (plan.sources.empty() && !sources.empty()) {
        std::string message = "None of the sources exists: ";
        for (std::size_t i = 0; i < plan.missingSources.size() && i < 10; ++i)
            message += (i == 0 ? "" : ", ") + why(plan.missingSources[i]);
        return task_errors::make(task_errors::kSourceNotFound, message);
    }

    if (task.policyId)
        plan.tags.push_back("policy:" + task.policyId->toString());
    plan.tags.push_back("task:" + task.taskId.toString());
    for (const auto& tag : task.tags) {
        // As restic does, so that its record and ours are the same.
        auto plain = trimmed(tag);
        if (plain.empty() || plain.find(',') != std::string::npos)
            return invalid("The tag \"" + tag + "\" is empty or has a comma in it");
        for (const auto* own : {"policy:", "task:", "plugin:", "set:", "db:"})
            if (plain.starts_with(own))
                return invalid("The tag \"" + tag + "\" begins with " + own +
                               ", which marks whose snapshot it is");
        if (std::find(plan.tags.begin(), plan.tags.end(), plain) == plan.tags.end())
            plan.tags.push_back(std::move(plain));
    }

    plan.excludes = !task.exclude.empty() || !config.backup.exclude.empty();
    plan.hostname = context.hostname;
    plan.timeout = task.timeoutSeconds
                       ? std::chrono::seconds(*task.timeoutSeconds)
                       : std::chrono::duration_cast<std::chrono::seconds>(config.restic.commandTimeout);
    plan.common = {"backup", "--json", "--host=" + plan.hostname};
    // The machine's own limit is a ceiling, whatever the server says.
    std::int64_t limit = task.limitUploadKib.value_or(0);
    if (config.restic.limitUploadKib > 0)
        limit = limit > 0 ? std::min(limit, config.restic.limitUploadKib) : config.restic.limitUploadKib;
    if (limit > 0)
        plan.common.push_back("--limit-upload=" + std::to_string(limit));
    if (task.limitDownloadKib)
        plan.common.push_back("--limit-download=" + std::to_string(*task.limitDownloadKib));
    auto& arguments = plan.arguments;
    arguments = plan.common;
    if (task.oneFileSystem)
        arguments.emplace_back("--one-file-system");
    for (const auto& tag : plan.tags)
        arguments.push_back("--tag=" + tag);
    for (const auto* list : {&task.exclude, &config.backup.exclude})
        for (const auto& pattern : *list)
            arguments.push_back("--exclude=" + pattern);
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), plan.sources.begin(), plan.sources.end());
    return plan;
}

} // namespace agent
