#include "kinds/ls.h"

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

restic::cli::Verdict failed(protocol::TaskError error) {
    return {protocol::TaskState::failed, "failed", std::move(error)};
}
} // namespace

std::vector<std::string> Ls::arguments(int step) {
    if (step != 0)
        return {};
    items_.begin();
    entries_ = 0;
    hasSnapshot_ = false;
    hasPath_ = task_.path == "/"; // restic never names the top
    return {"ls", "--json", "--no-lock", "--", task_.snapshotId, task_.path};
}

void Ls::message(const core::json::Value& document) {
    // The snapshot comes first, then its nodes; both names of the field are in use.
    const auto what = document.stringOr("struct_type", document.stringOr("message_type"));
    if (what == "snapshot")
        hasSnapshot_ = true;
    if (what != "node")
        return;
    const bool isItself = document.stringOr("path") == task_.path;
    hasPath_ = true;
    if (isItself && document.stringOr("type") == "dir")
        return; // its entries follow
    protocol::LsEntry entry;
    entry.name = document.stringOr("name");
    entry.nameBase64 = base64IfOdd(entry.name);
    entry.type = document.stringOr("type");
    entry.size = sizeOfNode(document);
    entry.mode = textOfNode(document, "permissions");
    entry.uid = json::count(document, "uid");
    entry.gid = json::count(document, "gid");
    entry.user = textOfNode(document, "user");
    entry.group = textOfNode(document, "group");
    entry.mtime = core::parseInstant(document.stringOr("mtime"));
    entry.linkTarget = textOfNode(document, "linktarget");
    if (items_.append(*core::wire::toJson(entry).object()))
        ++entries_;
}

std::optional<restic::cli::Verdict> Ls::judge(int /*step*/, const core::ProcessExit& exit,
                                              const std::string& errors) {
    if (!exit.known || exit.signal != 0)
        return std::nullopt;
    if (!exit.ok()) {
        if (auto gone = whySnapshotIsGone(errors))
            return failed(std::move(*gone));
        return std::nullopt;
    }
    if (!hasSnapshot_) // so it ends before 0.17
        return failed(snapshotIsGone(task_.snapshotId));
    if (!hasPath_)
        return failed(
            task_errors::make(task_errors::kNotInSnapshot,
                              fmt::format("The snapshot {} has no {}", task_.snapshotId.substr(0, 8),
                                          core::printable(task_.path))));
    listed_ = true;
    return std::nullopt;
}

core::json::Object Ls::result(protocol::TaskResult common) {
    protocol::LsResult out;
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    if (listed_)
        out.entries = entries_;
    return *core::wire::toJson(out).object();
}

std::string Ls::summary() const {
    return fmt::format("{} {} in {}", entries_, entries_ == 1 ? "entry" : "entries",
                       core::printable(task_.path));
}

} // namespace agent
