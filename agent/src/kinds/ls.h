#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/cli/work.h"
#include "restic/protocol/look_tasks.h"

namespace agent {

/// `restic ls` of one folder of a snapshot, without a lock: each entry is an item of the result. Of a path
/// that is no folder the entry is itself.
class Ls : public restic::cli::ResticWork {
public:
    Ls(restic::protocol::LsTask task, const restic::cli::WorkContext& context)
        : task_(std::move(task)), items_(context.items) {}

    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    /// A listing has no end that one could tell from a cut: one whose end nobody saw is not complete.
    [[nodiscard]] bool complete(int /*step*/) const override { return false; }
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    restic::protocol::LsTask task_;
    restic::cli::ResultItems& items_;
    std::uint64_t entries_ = 0;
    /// restic has named the snapshot, and what is at the path.
    bool hasSnapshot_ = false;
    bool hasPath_ = false;
    bool listed_ = false;
};

} // namespace agent
