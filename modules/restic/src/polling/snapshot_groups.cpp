#include "polling/snapshot_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/encoding.h"

namespace restic {

namespace {
/// A label is no place for thousands of paths.
constexpr std::size_t kMostLabel = 256;

std::string label(const std::vector<std::string>& parts) {
    return core::toUtf8(fmt::format("{}", fmt::join(parts, ",")).substr(0, kMostLabel));
}
} // namespace

void SnapshotGroups::add(const protocol::SnapshotItem& item) {
    std::string key = item.hostname.value_or("") + '\n' + item.username.value_or("");
    for (const auto& path : item.paths)
        key += '\n' + path;
    auto found = groups_.find(key);
    if (found == groups_.end()) {
        if (groups_.size() >= kMost)
            return;
        found = groups_.emplace(std::move(key), Group{}).first;
    }
    auto& group = found->second;
    if (group.count == 0 ||
        item.time.value_or(core::Instant()) >= group.newest.time.value_or(core::Instant()))
        group.newest = item;
    ++group.count;
}

core::json::Array SnapshotGroups::document() const {
    core::json::Array all;
    for (const auto& [key, group] : groups_) {
        const auto& newest = group.newest;
        core::json::Object one{{"hash", core::hexEncode(core::sha256(key)).substr(0, 16)},
                               {"hostname", newest.hostname.value_or("")},
                               {"username", newest.username.value_or("")},
                               {"paths", label(newest.paths)},
                               {"tags", label(newest.tags)},
                               {"tag", newest.tags.empty() ? std::string() : newest.tags.front()},
                               {"count", group.count}};
        if (newest.time)
            one.set("time", core::toMicros(*newest.time) / 1'000'000);
        if (newest.fileCount)
            one.set("files", static_cast<std::int64_t>(*newest.fileCount));
        if (newest.sizeBytes)
            one.set("bytes", static_cast<std::int64_t>(*newest.sizeBytes));
        all.emplace_back(std::move(one));
    }
    return all;
}

} // namespace restic
