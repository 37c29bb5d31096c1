#include "kinds/diff.h"

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "restic/cli/json_message.h"
#include "restic/gone_snapshot.h"
#include "restic/node_fields.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
namespace json = restic::cli::json;

protocol::DiffCounts countsIn(const core::json::Value& document, std::string_view name) {
    protocol::DiffCounts out;
    if (const auto* counts = document.find(name)) {
        out.files = json::count(*counts, "files").value_or(0);
        out.dirs = json::count(*counts, "dirs").value_or(0);
        out.others = json::count(*counts, "others").value_or(0);
        out.bytes = json::count(*counts, "bytes").value_or(0);
    }
    return out;
}
} // namespace

std::vector<std::string> Diff::arguments(int step) {
    if (step != 0)
        return {};
    items_.begin();
    result_ = {};
    changes_ = 0;
    counted_ = false;
    std::vector<std::string> out{"diff", "--json", "--no-lock"};
    if (task_.metadata)
        out.emplace_back("--metadata");
    out.emplace_back("--");
    const auto folder = ofFolder() && knowsFolders_ ? ":" + *task_.path : std::string();
    out.push_back(task_.from + folder);
    out.push_back(task_.to + folder);
    return out;
}

std::optional<std::string> Diff::pathOf(std::string said) const {
    if (!ofFolder())
        return said;
    if (knowsFolders_)
        return *task_.path + said;
    if (said == *task_.path || said.starts_with(*task_.path + "/"))
        return said;
    return std::nullopt;
}

void Diff::message(const core::json::Value& document) {
    const auto type = document.stringOr("message_type");
    if (type == "change" && !result_.truncated) {
        const auto path = pathOf(document.stringOr("path"));
        if (!path)
            return;
        if (changes_ == protocol::kMostChanges) {
            result_.truncated = true;
            return;
        }
        const protocol::DiffItem item{*path, base64IfOdd(*path), document.stringOr("modifier")};
        if (items_.append(*core::wire::toJson(item).object()))
            ++changes_;
    } else if (type == "statistics") {
        counted_ = true;
        if (ofFolder() && !knowsFolders_)
            return; // they are of the whole snapshots
        result_.changedFiles = json::count(document, "changed_files");
        result_.added = countsIn(document, "added");
        result_.removed = countsIn(document, "removed");
    }
}

std::optional<restic::cli::Verdict> Diff::judge(int /*step*/, const core::ProcessExit& exit,
                                                const std::string& errors) {
    if (result_.truncated)
        return restic::cli::Verdict{protocol::TaskState::success, "success", std::nullopt};
    if (!exit.known || exit.ok() || exit.signal != 0)
        return std::nullopt;
    auto error = whySnapshotIsGone(errors);
    const bool saysPath = errors.starts_with("path ") || errors.find("\npath ") != std::string::npos ||
                          errors.find("Fatal: path ") != std::string::npos;
    if (!error && ofFolder() && saysPath &&
        (errors.find(": not found") != std::string::npos ||
         errors.find(": not a directory") != std::string::npos))
        error = task_errors::make(task_errors::kNotInSnapshot,
                                  fmt::format("One of the snapshots {} and {} has no folder {}",
                                              task_.from.substr(0, 8), task_.to.substr(0, 8),
                                              core::printable(*task_.path)));
    if (!error)
        return std::nullopt;
    return restic::cli::Verdict{protocol::TaskState::failed, "failed", std::move(error)};
}

core::json::Object Diff::result(protocol::TaskResult common) {
    auto out = result_;
    if (common.outcome == "success")
        out.changes = changes_;
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    return *core::wire::toJson(out).object();
}

std::string Diff::summary() const {
    return fmt::format("{}{} differ", result_.truncated ? "more than " : "", changes_);
}

DiffRun::DiffRun(const TaskServices& services, const protocol::DiffTask& task, std::shared_ptr<Outbox> outbox)
    : CommandRun(services, task, std::move(outbox), [&task](const restic::cli::WorkContext& context) {
          return std::make_unique<Diff>(task, context);
      }) {}

bool DiffRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    if (const auto version = restic::cli::parseResticVersion("restic " + known.resticVersion))
        static_cast<Diff&>(work()).setVersion(*version);
    return CommandRun::adopt(known, stop);
}

std::optional<protocol::TaskError> DiffRun::prepare(const restic::cli::RepositoryAccess& /*repository*/,
                                                    const restic::cli::ResticVersion& version,
                                                    const std::stop_token& /*stop*/) {
    static_cast<Diff&>(work()).setVersion(version);
    return std::nullopt;
}

} // namespace agent
