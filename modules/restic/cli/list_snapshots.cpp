#include "restic/cli/list_snapshots.h"

#include <fmt/format.h>

#include "core/wire.h"
#include "restic/cli/array_elements.h"
#include "restic/cli/json_message.h"
#include "restic/cli/snapshots.h"

namespace restic::cli {
namespace {
/// Of all paths, or all tags: an item's line has its limit.
constexpr std::size_t kMostBytes = protocol::result_limits::kLineBytes / 8;

std::vector<std::string> textsIn(const core::json::Value& document, std::string_view name) {
    std::vector<std::string> out;
    std::size_t bytes = 0;
    if (const auto* list = document.find(name); list != nullptr && list->array() != nullptr)
        for (const auto& one : *list->array()) {
            bytes += one.string() != nullptr ? one.string()->size() : 0;
            if (one.string() != nullptr && bytes <= kMostBytes)
                out.push_back(*one.string());
        }
    return out;
}

std::optional<std::string> textIn(const core::json::Value& document, std::string_view name) {
    auto text = document.stringOr(name).substr(0, 256);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}
} // namespace

std::vector<std::string> ListSnapshots::arguments(int step) {
    if (step != 0)
        return {};
    return {"snapshots", "--json", "--no-lock"};
}

void ListSnapshots::document(int, const std::filesystem::path& file, std::uint64_t offset) {
    std::uint64_t count = 0;
    bool all = true;
    items_.begin();
    const bool read = ArrayElements::read(file, offset, [&](std::string_view element) {
        const auto document = json::read(element);
        const auto info = document ? readSnapshot(*document) : std::nullopt;
        if (!info)
            return;
        ++count;
        protocol::SnapshotItem item;
        item.id = info->id;
        item.time = info->time;
        item.tree = info->tree;
        item.parent = info->parent;
        item.hostname = textIn(*document, "hostname");
        item.username = textIn(*document, "username");
        item.paths = textsIn(*document, "paths");
        item.tags = textsIn(*document, "tags");
        if (info->summary) {
            item.fileCount = info->summary->totalFilesProcessed;
            item.sizeBytes = info->summary->totalBytesProcessed;
        }
        all = items_.append(*core::wire::toJson(item).object()) && all;
    });
    whole_ = read && all;
    if (read)
        result_.count = count;
}

core::json::Object ListSnapshots::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

std::string ListSnapshots::summary() const {
    const auto count = result_.count.value_or(0);
    return count == 1 ? "1 snapshot" : fmt::format("{} snapshots", count);
}

} // namespace restic::cli
