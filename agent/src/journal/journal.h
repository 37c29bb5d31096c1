#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/time.h"

namespace agent {

/// A started restic, as the journal knows it.
struct SpawnRecord {
    int pid = 0;
    std::uint64_t startTicks = 0;
    std::string bootId;
};

/// What the journal knows of one attempt at a task.
struct JournalTask {
    std::string taskId;
    int attempt = 1;
    core::Instant acceptedAt{};
    /// The task as it came, without its secrets.
    core::json::Object payload;
    /// Written before restic is started: from then on one may be running.
    bool starting = false;
    core::Instant startedAt{};
    std::string resticVersion;
    std::vector<std::string> missingSources;
    /// Of a task of several commands: which one was started last.
    int step = 0;
    std::optional<SpawnRecord> spawned;
    /// The final TaskStatusReport; not yet acknowledged.
    std::optional<core::json::Object> result;
    bool acknowledged = false;
};

/// What the records of a journal add up to.
class JournalState {
public:
    void apply(const core::json::Object& record);
    [[nodiscard]] JournalTask* find(const std::string& taskId, int attempt);
    [[nodiscard]] std::vector<JournalTask>& tasks() noexcept { return tasks_; }
    [[nodiscard]] std::vector<JournalTask> open() const;

private:
    std::vector<JournalTask> tasks_;
};

/// The agent's memory across crashes: an append-only file of one record a line, each with a checksum and
/// synced before append returns. Opening replays it, skips what is cut or damaged, and writes it anew with
/// the open tasks and the last closed ones only. Thread-safe.
class Journal {
public:
    /// Throws errors::kState if the file cannot be written.
    explicit Journal(std::filesystem::path file);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// Accepts a task; false if this attempt is known already, open or closed.
    bool accepted(const std::string& taskId, int attempt, core::json::Object payload, core::Instant at);
    void starting(const std::string& taskId, int attempt, core::Instant at, const std::string& resticVersion,
                  const std::vector<std::string>& missingSources, int step = 0);
    void spawned(const std::string& taskId, int attempt, const SpawnRecord& record);
    void result(const std::string& taskId, int attempt, const core::json::Object& report);
    /// The server has the result: the task is closed.
    void acknowledged(const std::string& taskId, int attempt);
    /// The task was never started: forget it, so that it can be handed out again.
    void dropped(const std::string& taskId, int attempt);

    /// Tasks that are not closed, in the order of their acceptance.
    [[nodiscard]] std::vector<JournalTask> open() const;
    [[nodiscard]] std::optional<JournalTask> find(const std::string& taskId, int attempt);
    /// Records that were skipped when the file was opened.
    [[nodiscard]] std::size_t damaged() const noexcept { return damaged_; }

    /// Reads a journal without changing it, for `status`.
    [[nodiscard]] static std::vector<JournalTask> peek(const std::filesystem::path& file);

private:
    void append(const core::json::Object& record);
    void rewrite();
    static std::vector<core::json::Object> readRecords(const std::filesystem::path& file,
                                                       std::size_t& damaged);

    std::filesystem::path file_;
    mutable std::mutex mutex_;
    int fd_ = -1;
    JournalState state_;
    std::size_t damaged_ = 0;
    std::size_t size_ = 0;
};

} // namespace agent
