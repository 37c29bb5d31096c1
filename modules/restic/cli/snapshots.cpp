#include "restic/cli/snapshots.h"

#include "restic/cli/json_message.h"

namespace restic::cli {
namespace {
using core::json::Value;

bool isFullId(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<std::string> idIn(const Value& value, std::string_view name) {
    auto text = value.stringOr(name);
    return isFullId(text) ? std::optional(std::move(text)) : std::nullopt;
}
std::vector<std::string> textsIn(const Value& value, std::string_view name) {
    std::vector<std::string> out;
    if (const auto* list = value.find(name); list != nullptr && list->array() != nullptr)
        for (const auto& one : *list->array())
            if (const auto* text = one.string())
                out.push_back(*text);
    return out;
}
} // namespace

std::optional<SnapshotInfo> readSnapshot(const Value& entry) {
    auto id = idIn(entry, "id");
    if (!id)
        return std::nullopt;
    SnapshotInfo info;
    info.id = std::move(*id);
    info.tree = idIn(entry, "tree");
    info.parent = idIn(entry, "parent");
    info.original = idIn(entry, "original");
    info.time = core::parseInstant(entry.stringOr("time"));
    info.tags = textsIn(entry, "tags");
    info.paths = textsIn(entry, "paths");
    if (const auto* summary = entry.find("summary"); summary != nullptr && summary->object() != nullptr)
        info.summary = readSummary(*summary);
    return info;
}

std::optional<std::vector<SnapshotInfo>> readSnapshots(std::string_view output) {
    // What else restic says on its output stands on lines of its own before the list.
    const auto begin = output.rfind("\n[");
    const auto document = json::read(begin == std::string_view::npos ? output : output.substr(begin + 1));
    if (!document || document->array() == nullptr)
        return std::nullopt;
    std::vector<SnapshotInfo> out;
    for (const auto& one : *document->array())
        if (auto info = readSnapshot(one))
            out.push_back(std::move(*info));
    return out;
}

} // namespace restic::cli
