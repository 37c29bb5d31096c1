#include "restic/cli/forget_output.h"

#include "restic/cli/array_elements.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/snapshot_id.h"

namespace restic::cli {
namespace {
const core::json::Array& listIn(const core::json::Value& group, std::string_view name) {
    static const core::json::Array none;
    const auto* value = group.find(name);
    return value != nullptr && value->array() != nullptr ? *value->array() : none;
}
} // namespace

void ForgetOutput::errorText(std::string_view line) {
    if (line.find("unable to remove") != std::string_view::npos ||
        line.find("could not remove") != std::string_view::npos)
        couldNotRemove_ = true;
}

void ForgetOutput::read(const std::filesystem::path& file, std::uint64_t offset) {
    kept_ = removed_ = 0;
    removedIds_.clear();
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    empty_ = !code && size <= offset;
    bool readable = true;
    const bool ended = ArrayElements::read(file, offset, [&](std::string_view element) {
        const auto group = json::read(element);
        if (!group) {
            readable = false;
            return;
        }
        kept_ += listIn(*group, "keep").size();
        for (const auto& snapshot : listIn(*group, "remove")) {
            ++removed_;
            auto id = snapshot.stringOr("id", snapshot.stringOr("short_id"));
            if (!protocol::checkShortId(id) && removedIds_.size() < kMostIds)
                removedIds_.push_back(std::move(id));
        }
    });
    whole_ = ended && readable;
}

void ForgetOutput::fill(protocol::ForgetResult& result) const {
    if (!whole_ && !empty_)
        return;
    result.snapshotsKept = kept_;
    result.snapshotsRemoved = removed_;
    result.removedIds = removedIds_;
}

} // namespace restic::cli
