#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "config/config.h"
#include "core/error.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kStaging{
    "StagingFolderError", 500, "The folder for dumps cannot be used",
    "Let dumps.staging_dir in the agent's configuration name a folder in which the agent can make its own"};
} // namespace errors

/// What messages call such a folder, and by which setting a machine's admin says where it is.
struct StagingNames {
    std::string folder = "folder for dumps";
    std::string setting = "dumps.staging_dir";
    /// What takes up room there.
    std::string content = "the dump";
};

/// A folder of this machine (0700) for what is there for a while: dumps that restic saves as files or that
/// wait to be restored, and what restore tests bring back. Thread-safe.
class Staging {
public:
    /// `folder`: nothing but what this class puts there. `maxDiskUsage`: bytes that all dumps in it may take
    /// together; 0: as much as there is.
    Staging(std::filesystem::path folder, std::int64_t maxDiskUsage, StagingNames names = {})
        : folder_(std::move(folder)), maxDiskUsage_(maxDiskUsage), names_(std::move(names)) {}

    /// A folder within it that one user has at a time. It stays when this object goes: restic may still read
    /// it after the agent's end.
    class Place {
    public:
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place();

        [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
        /// Removes it with all that is in it.
        void remove();

    private:
        friend class Staging;
        Place(Staging& staging, std::string name, std::filesystem::path folder)
            : staging_(staging), name_(std::move(name)), folder_(std::move(folder)) {}

        Staging& staging_;
        std::string name_;
        std::filesystem::path folder_;
    };

    /// An empty folder of this name; null while somebody has it. `owner`: a task's id, or
    /// nameOfThisProcess(). Throws errors::kStaging.
    [[nodiscard]] std::unique_ptr<Place> take(const std::string& name, const std::string& owner);
    /// The folder that an earlier run of the agent had taken for this owner, as it was left; null: there is
    /// none.
    [[nodiscard]] std::unique_ptr<Place> takeUp(const std::string& owner);

    /// That there is no room, and what to do: two sentences.
    struct Shortage {
        std::string message;
        std::string hint;
    };
    /// Why there is no room for so many bytes more; nothing if there is.
    [[nodiscard]] std::optional<Shortage> lacksRoomFor(std::uint64_t bytes) const;
    /// That what lies there is more than is allowed, or would be with so many bytes more; nothing if it is
    /// not.
    [[nodiscard]] std::optional<Shortage> exceedsMaximum(std::uint64_t bytes = 0) const;

    /// How many bytes there is room for; nullopt: that cannot be told.
    [[nodiscard]] std::optional<std::uint64_t> room() const;

    /// Removes what a crash left behind: all but what belongs to these tasks and to processes that run. Who
    /// still restores to there is ended first.
    void removeLeftBehind(const std::set<std::string>& tasks);

private:
    [[nodiscard]] std::filesystem::path ownerFile(const std::string& name) const;
    /// Empty if nobody, or if that cannot be read: one such folder is not in the way of an agent's start.
    [[nodiscard]] std::string ownerOf(const std::string& name) const;
    void drop(const std::string& name);

    std::filesystem::path folder_;
    std::int64_t maxDiskUsage_;
    StagingNames names_;
    std::mutex mutex_;
    std::set<std::string> taken_;
};

/// The agent's folder for dumps, and that for restore tests: in the folder that is set one that no other
/// agent of the machine has, or else in its own state folder.
[[nodiscard]] std::filesystem::path stagingFolder(const Config& config, const std::filesystem::path& state);
[[nodiscard]] std::filesystem::path restoreTestFolder(const Config& config,
                                                      const std::filesystem::path& state);
[[nodiscard]] StagingNames restoreTestNames();

/// What the regular files below a folder hold together; of a file: what it holds.
[[nodiscard]] std::uint64_t bytesBelow(const std::filesystem::path& path);

} // namespace agent
