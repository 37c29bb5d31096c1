#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/time.h"

namespace agent {

/// A file, link or pipe as `restic ls` tells of it.
struct ListedFile {
    enum class Type { file, link, pipe };
    std::string path;
    Type type = Type::file;
    std::uint64_t size = 0;
    /// Absent where restic's time cannot be read.
    std::optional<core::Instant> modified;
};

/// Which of a snapshot's files a restore test tries: by a hash of the task and the path, so that each test
/// takes another part, and the same task always the same. Keeps no more than it may choose.
class VerifySample {
public:
    /// `asRoot`: what its owner may not read is readable all the same.
    VerifySample(std::string taskId, std::size_t mostFiles, bool asRoot)
        : taskId_(std::move(taskId)), mostFiles_(mostFiles), asRoot_(asRoot) {}

    /// A node of the listing, folders before what is in them.
    void add(const core::json::Value& node);

    struct Choice {
        /// By path.
        std::vector<ListedFile> files;
        std::uint64_t bytes = 0;
        /// It is all that the snapshot has: nothing need be named.
        bool all = false;
    };
    /// So much of the snapshot's files, at least one; fewer where these bytes do not hold them.
    [[nodiscard]] Choice choose(int sharePercent, std::uint64_t mostBytes) const;

    /// What the snapshot has beside folders.
    [[nodiscard]] std::uint64_t files() const noexcept { return files_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Of those that can be tried: a name that is no UTF-8 cannot be asked for, devices and sockets are left
    /// alone, and what its owner may not read is nothing to compare for a user.
    [[nodiscard]] std::uint64_t usable() const noexcept { return usable_; }
    /// The smallest of those that are kept; nothing where there is none.
    [[nodiscard]] std::optional<std::uint64_t> smallest() const;

private:
    struct Ranked {
        std::uint64_t rank = 0;
        ListedFile file;
        bool operator<(const Ranked& other) const { return rank < other.rank; }
    };
    [[nodiscard]] std::uint64_t rankOf(const std::string& path) const;
    [[nodiscard]] bool isClosed(const std::string& path, std::string_view type, std::uint64_t mode);

    std::string taskId_;
    std::size_t mostFiles_;
    bool asRoot_;
    /// The lowest ranks, the highest of them first.
    std::vector<Ranked> kept_;
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t usable_ = 0;
    /// The folder at hand that its owner may not enter, with a slash; empty: none.
    std::string closed_;
};

/// Cut where a command's arguments end.
[[nodiscard]] std::vector<std::vector<ListedFile>> batchesOf(std::vector<ListedFile> files);

} // namespace agent
