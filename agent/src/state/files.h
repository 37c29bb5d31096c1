#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kState{"StateFolderError", 500, "The agent's state folder cannot be used",
                                        "Check the folder's owner, permissions and free space"};
} // namespace errors

/// Replaces a file so that after a crash either the old or the new text is there, whole; mode 0600. Throws
/// errors::kState.
void writeFileDurably(const std::filesystem::path& path, std::string_view text);

/// nullopt if there is no such file; throws errors::kState if it cannot be read.
[[nodiscard]] std::optional<std::string> readFileIfAny(const std::filesystem::path& path);

/// Makes the entries of a folder durable.
void syncFolder(const std::filesystem::path& folder);

/// The layout of the state folder, and the lock that keeps a second agent out of it.
class StateDir {
public:
    /// Creates the folder (0700) if needed; throws errors::kState.
    explicit StateDir(std::filesystem::path path);
    ~StateDir();
    StateDir(const StateDir&) = delete;
    StateDir& operator=(const StateDir&) = delete;

    /// Takes the lock for `run`; false if another agent has it, after a moment for one that is just ending.
    [[nodiscard]] bool lock();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// Why no task can be written down here now, as a sentence; nothing if there is room.
    [[nodiscard]] std::optional<std::string> lacksRoom() const;
    [[nodiscard]] std::filesystem::path identity() const { return path_ / "identity.json"; }
    [[nodiscard]] std::filesystem::path enrolment() const { return path_ / "enrolment.json"; }
    [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }
    [[nodiscard]] std::filesystem::path status() const { return path_ / "status.json"; }
    [[nodiscard]] std::filesystem::path cache() const { return path_ / "cache"; }
    /// What plugins are set up with, and what they keep.
    [[nodiscard]] std::filesystem::path plugins() const { return path_ / "plugins"; }
    [[nodiscard]] std::filesystem::path tasks() const { return path_ / "tasks"; }
    /// The folder of one attempt: names are ids only.
    [[nodiscard]] std::filesystem::path task(const std::string& taskId, int attempt) const {
        return tasks() / taskId / std::to_string(attempt);
    }

private:
    std::filesystem::path path_;
    int lockFd_ = -1;
};

} // namespace agent
