#include "restic/snapshots.h"

#include "restic/message.h"

namespace agent {
namespace {
using core::json::Value;

bool isFullId(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<std::string> idIn(const Value& value, std::string_view name) {
    auto text = value.stringOr(name);
    return isFullId(text) ? std::optional(std::move(text)) : std::nullopt;
}
} // namespace

std::optional<std::vector<SnapshotInfo>> readSnapshots(std::string_view output) {
    // What else restic says on its output stands on lines of its own before the list.
    const auto begin = output.rfind("\n[");
    const auto document =
        restic_json::read(begin == std::string_view::npos ? output : output.substr(begin + 1));
    if (!document || document->array() == nullptr)
        return std::nullopt;
    std::vector<SnapshotInfo> out;
    for (const auto& one : *document->array()) {
        SnapshotInfo info;
        info.id = idIn(one, "id").value_or("");
        if (info.id.empty())
            continue;
        info.tree = idIn(one, "tree");
        info.parent = idIn(one, "parent");
        info.time = core::parseInstant(one.stringOr("time"));
        if (const auto* summary = one.find("summary"); summary != nullptr && summary->object() != nullptr)
            info.summary = readSummary(*summary);
        out.push_back(std::move(info));
    }
    return out;
}

} // namespace agent
