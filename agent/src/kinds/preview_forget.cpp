#include "kinds/preview_forget.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time.h"
#include "core/wire.h"
#include "kinds/forget.h"
#include "restic/cli/array_elements.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/snapshot_id.h"
#include "restic/retention.h"

namespace agent {
namespace {
using restic::protocol::PreviewForgetResult;
using restic::protocol::PreviewGroup;

const core::json::Array& listIn(const core::json::Value& value, std::string_view name) {
    static const core::json::Array none;
    const auto* found = value.find(name);
    return found != nullptr && found->array() != nullptr ? *found->array() : none;
}

std::vector<std::string> wordsIn(const core::json::Value& value, std::string_view name) {
    std::vector<std::string> words;
    for (const auto& word : listIn(value, name))
        if (word.string() != nullptr)
            words.push_back(*word.string());
    return words;
}

/// Id and time of a snapshot; false for one without an id.
template <typename Snapshot>
bool fill(Snapshot& to, const core::json::Value& snapshot) {
    to.id = snapshot.stringOr("id", snapshot.stringOr("short_id"));
    if (const auto time = core::parseInstant(snapshot.stringOr("time")))
        to.time = time.value();
    return !restic::protocol::checkShortId(to.id);
}

template <typename Snapshot>
void keepNewest(std::vector<Snapshot>& all) {
    std::stable_sort(all.begin(), all.end(),
                     [](const Snapshot& a, const Snapshot& b) { return a.time > b.time; });
    if (all.size() > PreviewForgetResult::kMostListed)
        all.resize(PreviewForgetResult::kMostListed);
}

PreviewGroup groupOf(const core::json::Value& value) {
    PreviewGroup group;
    group.host = value.stringOr("host");
    group.paths = wordsIn(value, "paths");
    const auto& kept = listIn(value, "keep");
    const auto& removed = listIn(value, "remove");
    group.kept = kept.size();
    group.removed = removed.size();
    // The reasons stand in the order of what is kept; before restic 0.17 they name no id.
    const auto& reasons = listIn(value, "reasons");
    for (std::size_t i = 0; i < kept.size(); ++i) {
        PreviewGroup::Kept one;
        if (!fill(one, kept[i]))
            continue;
        if (reasons.size() == kept.size())
            one.reasons = wordsIn(reasons[i], "matches");
        group.keptSnapshots.push_back(std::move(one));
    }
    for (const auto& snapshot : removed) {
        PreviewGroup::Removed one;
        if (fill(one, snapshot))
            group.removedSnapshots.push_back(std::move(one));
    }
    keepNewest(group.keptSnapshots);
    keepNewest(group.removedSnapshots);
    return group;
}
} // namespace

std::optional<restic::protocol::TaskError> PreviewForget::problem() const {
    return Forget(task_, context_).problem();
}

std::vector<std::string> PreviewForget::arguments(int step) {
    auto arguments = Forget(task_, context_).arguments(step);
    if (!arguments.empty()) {
        arguments.emplace_back("--dry-run");
        arguments.emplace_back("--no-lock");
    }
    return arguments;
}

void PreviewForget::document(int, const std::filesystem::path& file, std::uint64_t offset) {
    found_ = {};
    whole_ = false;
    std::uint64_t kept = 0;
    std::uint64_t removed = 0;
    bool readable = true;
    const bool ended = restic::cli::ArrayElements::read(file, offset, [&](std::string_view element) {
        const auto value = restic::cli::json::read(element);
        if (!value) {
            readable = false;
            return;
        }
        auto group = groupOf(*value);
        kept += group.kept;
        removed += group.removed;
        found_.overHalf = found_.overHalf || group.overHalf();
        found_.groups.push_back(std::move(group));
    });
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    const bool none = !code && size <= offset; // where no snapshot matches restic says nothing
    whole_ = ended && readable;
    if (!whole_ && !none) {
        found_ = {};
        return;
    }
    found_.snapshotsKept = kept;
    found_.snapshotsRemoved = removed;
    if (found_.groups.size() > PreviewForgetResult::kMostGroups) {
        std::stable_partition(found_.groups.begin(), found_.groups.end(),
                              [](const PreviewGroup& group) { return group.overHalf(); });
        found_.groups.resize(PreviewForgetResult::kMostGroups);
    }
}

core::json::Object PreviewForget::result(restic::protocol::TaskResult common) {
    auto result = found_;
    static_cast<restic::protocol::TaskResult&>(result) = std::move(common);
    return *core::wire::toJson(result).object();
}

std::string PreviewForget::summary() const {
    return fmt::format("would remove {} and keep {}", found_.snapshotsRemoved.value_or(0),
                       found_.snapshotsKept.value_or(0));
}

} // namespace agent
