#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/time.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// Up to where restic's outputs have become log lines.
struct LogPosition {
    std::uint64_t output = 0;
    std::uint64_t error = 0;
};

/// The numbered log lines of one attempt, kept in a file until the server has them. After a crash the numbers
/// go on where they ended, and no line of restic's becomes two. Thread-safe.
class TaskLog {
public:
    /// Lines beyond this are not kept.
    static constexpr std::int64_t kMaxLines = 9900;
    /// But so many of those that tell how the task ended.
    static constexpr std::int64_t kReserve = 100;
    static constexpr std::size_t kMaxLength = 4096;

    explicit TaskLog(std::filesystem::path file);
    ~TaskLog();
    TaskLog(const TaskLog&) = delete;
    TaskLog& operator=(const TaskLog&) = delete;

    void append(core::Instant at, core::LogLevel level, const std::string& message, LogPosition position,
                bool outcome = false);
    /// What earlier runs of the agent had written.
    [[nodiscard]] LogPosition recovered() const noexcept { return recovered_; }

    [[nodiscard]] std::size_t pending() const;
    /// The oldest lines that are not acknowledged; empty if there are none.
    [[nodiscard]] restic::protocol::LogBatch batch(std::size_t most) const;
    /// The server has all lines up to this number.
    void acknowledge(std::int64_t seq);
    /// The server wants no more of this task.
    void dropPending();
    /// Writes another text over the oldest line that is not acknowledged: one that the server refuses.
    void replaceFirst(const std::string& message);
    /// Goes back to the lines behind this number, which the server has lost: a restored database, say.
    void resumeAfter(std::int64_t seq);

private:
    struct Stored {
        restic::protocol::LogLine line;
        LogPosition position;
    };
    [[nodiscard]] std::vector<Stored> read() const;

    std::filesystem::path file_;
    mutable std::mutex mutex_;
    int fd_ = -1;
    std::deque<restic::protocol::LogLine> lines_;
    std::int64_t firstSeq_ = 1; ///< of lines_.front()
    std::int64_t nextSeq_ = 1;
    LogPosition recovered_;
};

} // namespace agent
