#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "executor/command_run.h"
#include "restic/cli/version.h"
#include "restic/cli/work.h"
#include "restic/protocol/look_tasks.h"

namespace agent {

/// `restic diff` of two snapshots, without a lock: each line is an item of the result. It ends at
/// protocol::kMostChanges.
class Diff : public restic::cli::ResticWork {
public:
    Diff(restic::protocol::DiffTask task, const restic::cli::WorkContext& context)
        : task_(std::move(task)), items_(context.items) {}

    /// Whether restic compares folders of snapshots itself; else the lines of others are left out here.
    void setVersion(const restic::cli::ResticVersion& version) {
        knowsFolders_ = version >= restic::cli::ResticVersion{0, 16, 0};
    }

    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    [[nodiscard]] bool hasEnough() const override { return result_.truncated; }
    [[nodiscard]] bool complete(int /*step*/) const override { return counted_; }
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    /// A folder is named and is not the whole snapshot.
    [[nodiscard]] bool ofFolder() const { return task_.path && *task_.path != "/"; }
    /// The path as the snapshot has it; nullopt of one that is not asked for.
    [[nodiscard]] std::optional<std::string> pathOf(std::string said) const;

    restic::protocol::DiffTask task_;
    restic::cli::ResultItems& items_;
    restic::protocol::DiffResult result_;
    std::uint64_t changes_ = 0;
    bool knowsFolders_ = true;
    bool counted_ = false;
};

/// One attempt at a comparison.
class DiffRun final : public CommandRun {
public:
    DiffRun(const TaskServices& services, const restic::protocol::DiffTask& task,
            std::shared_ptr<Outbox> outbox);

    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

protected:
    std::optional<restic::protocol::TaskError> prepare(const restic::cli::RepositoryAccess& repository,
                                                       const restic::cli::ResticVersion& version,
                                                       const std::stop_token& stop) override;
};

} // namespace agent
