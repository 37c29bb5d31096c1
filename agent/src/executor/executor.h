#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "executor/kind_of_work.h"
#include "executor/reporter.h"
#include "executor/task_run.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// Takes tasks, runs so many at once as the configuration allows, and hands what they say to the reporter.
/// Thread-safe.
class Executor {
public:
    /// `changed` is called (without locks held) when a place becomes free.
    Executor(TaskServices services, FindWork findWork, Reporter& reporter, std::function<void()> changed);
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// Goes on with what the journal holds open: results are reported again, a running restic is adopted,
    /// what never started is forgotten. Call once, before anything else.
    void recover();
    /// One message from the server. Repeated deliveries change nothing.
    void handle(const restic::protocol::Envelope& envelope);
    /// The reporter is through with a task: its files go.
    void closed(const Outbox& outbox);
    /// Takes nothing new and lets go of what runs: restic goes on, and the next run of the agent adopts it.
    void stop();

    struct Load {
        int running = 0;
        int queued = 0;
        std::int64_t free = 0;
    };
    [[nodiscard]] Load load() const;
    [[nodiscard]] std::vector<restic::protocol::OpenTask> openTasks() const;
    struct LastBackup {
        std::string status;
        core::Instant at;
    };
    [[nodiscard]] std::optional<LastBackup> lastBackup() const;
    /// Failed backups since the last one that did not fail.
    [[nodiscard]] int failuresInARow() const;

private:
    struct Job {
        const KindOfWork* work = nullptr;
        /// With the repository's secrets, unless it was adopted.
        core::json::Object payload;
        std::shared_ptr<Outbox> outbox;
        std::optional<JournalTask> adopted;
        bool running = false;
        bool finished = false;
        std::jthread thread;
    };

    void accept(const core::json::Object& payload, const std::string& action);
    void cancel(const core::json::Object& payload);
    void refuse(const std::string& taskId, int attempt, const restic::protocol::TaskError& error);
    std::shared_ptr<Outbox> makeOutbox(const std::string& taskId, int attempt) const;
    void dispatch();
    /// Not for the threads of jobs: they would wait for each other.
    void collectFinished();
    void runJob(const std::shared_ptr<Job>& job, const std::stop_token& stop);

    TaskServices services_;
    FindWork findWork_;
    Reporter& reporter_;
    std::function<void()> changed_;
    mutable std::mutex mutex_;
    bool stopping_ = false;
    std::vector<std::shared_ptr<Job>> jobs_;
    std::optional<LastBackup> lastBackup_;
    int failures_ = 0;
};

} // namespace agent
