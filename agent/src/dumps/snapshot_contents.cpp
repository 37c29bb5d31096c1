#include "dumps/snapshot_contents.h"

#include "core/json.h"

namespace agent {

std::optional<SnapshotContents>
SnapshotContents::below(const std::string& folder, const std::string& snapshotId,
                        const RepositoryCommands& commands, const restic::cli::RepositoryAccess& repository,
                        const std::stop_token& stop, std::optional<restic::protocol::TaskError>& error) {
    SnapshotContents out;
    const auto add = [&out](std::string_view line) {
        const auto node = core::json::parse(line);
        if (node && node.value().stringOr("type") == "file")
            out.files_[node.value().stringOr("path")] =
                static_cast<std::uint64_t>(std::max<std::int64_t>(0, node.value().integerOr("size")));
    };
    if (!commands.readLines(repository, {"ls", "--json", "--recursive", "--no-lock", snapshotId, folder},
                            stop, error, add))
        return std::nullopt;
    return out;
}

std::optional<std::uint64_t> SnapshotContents::bytesOf(const std::string& path) const {
    if (const auto file = files_.find(path); file != files_.end())
        return file->second;
    const auto folder = path + "/";
    std::optional<std::uint64_t> sum;
    for (auto file = files_.lower_bound(folder); file != files_.end() && file->first.starts_with(folder);
         ++file)
        sum = sum.value_or(0) + file->second;
    return sum;
}

} // namespace agent
