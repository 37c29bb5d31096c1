#include "executor/snapshot_ids.h"

#include "restic/cli/json_message.h"

namespace agent {
namespace {
constexpr auto kLookAtRepository = std::chrono::seconds(10);
} // namespace

std::optional<std::vector<restic::cli::SnapshotInfo>>
SnapshotIds::find(const std::optional<restic::cli::RepositoryAccess>& access,
                  const std::vector<std::string>& filter, const std::stop_token& stop) const {
    if (!access)
        return std::nullopt;
    std::vector<std::string> arguments{"snapshots", "--json", "--no-lock"};
    arguments.insert(arguments.end(), filter.begin(), filter.end());
    std::optional<restic::protocol::TaskError> error;
    const auto result = commands_.run(*access, arguments, stop, error, true);
    if (!result || !result->exit.ok())
        return std::nullopt;
    return restic::cli::readSnapshots(result->output);
}

std::optional<std::string> SnapshotIds::whole(const std::string& shortId,
                                              const std::optional<restic::cli::RepositoryAccess>& access,
                                              const std::optional<std::filesystem::path>& folder,
                                              const std::stop_token& stop) const {
    std::optional<std::string> id;
    if (folder) {
        if (auto read = patiently(
                [folder = *folder, shortId] { return restic::cli::fullSnapshotId(folder, shortId); },
                kLookAtRepository))
            id = std::move(*read);
    } else {
        id = restic::cli::cachedSnapshotId(services_.commands.cache(), shortId);
    }
    if (!id)
        if (const auto found = find(access, {shortId}, stop); found && found->size() == 1)
            id = found->front().id;
    return id;
}

} // namespace agent
