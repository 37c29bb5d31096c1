#include "restic/cli/stats.h"

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "restic/cli/json_message.h"

namespace restic::cli {

std::vector<std::string> Stats::arguments(int step) {
    if (step != 0)
        return {};
    return {"stats", "--json", "--no-lock", "--mode=" + result_.mode};
}

void Stats::message(const core::json::Value& document) {
    using json::count;
    // restic 0.19.0 mixes other lines into its output: the last document with a size is the one.
    const auto size = count(document, "total_size");
    if (!size)
        return;
    result_.totalSize = size;
    result_.totalFileCount = count(document, "total_file_count");
    result_.totalBlobCount = count(document, "total_blob_count");
    result_.totalUncompressedSize = count(document, "total_uncompressed_size");
    result_.snapshotsCount = count(document, "snapshots_count");
    const auto* ratio = document.find("compression_ratio");
    result_.compressionRatio = ratio != nullptr ? ratio->number() : std::nullopt;
}

core::json::Object Stats::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

std::string Stats::summary() const {
    return fmt::format("{}: {}", result_.mode, core::formatBytes(result_.totalSize.value_or(0)));
}

} // namespace restic::cli
