#pragma once

#include "executor/short_run.h"
#include "restic/protocol/plugin_messages.h"

namespace agent {

/// The kinds restore_dump and verify_dump: a dump goes from its snapshot into a plugin's step.
class DumpRestore : public ShortRun {
protected:
    DumpRestore(const TaskServices& services, restic::protocol::DumpTask task, std::shared_ptr<Outbox> outbox,
                const char* step)
        : ShortRun(services, task, std::move(outbox), restic::cli::RetryPatience::whileItMayHelp),
          services_(services), task_(std::move(task)), step_(step) {}

    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;

    [[nodiscard]] const restic::protocol::DumpTask& task() const noexcept { return task_; }
    [[nodiscard]] std::string target() const { return task_.as.value_or(task_.database); }
    [[nodiscard]] const core::json::Object& answer() const noexcept { return answer_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    /// The plugin's settings with the task's destination over them.
    [[nodiscard]] core::Result<core::json::Object> settingsOf(const PluginFile& plugin) const;

    const TaskServices& services_;
    restic::protocol::DumpTask task_;
    const char* step_;
    core::json::Object answer_;
    std::uint64_t bytes_ = 0;
};

class RestoreDumpRun final : public DumpRestore {
public:
    RestoreDumpRun(const TaskServices& services, restic::protocol::DumpTask task,
                   std::shared_ptr<Outbox> outbox)
        : DumpRestore(services, std::move(task), std::move(outbox), "restore") {}

protected:
    core::json::Object result(restic::protocol::TaskResult common) override;
};

class VerifyDumpRun final : public DumpRestore {
public:
    VerifyDumpRun(const TaskServices& services, restic::protocol::DumpTask task,
                  std::shared_ptr<Outbox> outbox)
        : DumpRestore(services, std::move(task), std::move(outbox), "verify") {}

protected:
    core::json::Object result(restic::protocol::TaskResult common) override;
};

} // namespace agent
