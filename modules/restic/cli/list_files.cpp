#include "restic/cli/list_files.h"

#include <fmt/format.h>

#include "core/wire.h"

namespace restic::cli {

std::vector<std::string> ListFiles::arguments(int step) {
    if (step != 0)
        return {};
    return {"ls", "--json", "--no-lock", snapshot_};
}

void ListFiles::message(const core::json::Value& document) {
    // The snapshot comes first, then its nodes; both names of the field are in use.
    const auto type = document.stringOr("struct_type", document.stringOr("message_type"));
    if (type == "snapshot")
        listed_ = true;
    if (type != "node")
        return;
    if (paths_.size() < most_)
        paths_.push_back(document.stringOr("path"));
    else
        truncated_ = true;
}

core::json::Object ListFiles::result(protocol::TaskResult common) {
    return *core::wire::toJson(common).object();
}

std::string ListFiles::summary() const {
    return fmt::format("{} files and folders", paths_.size());
}

} // namespace restic::cli
