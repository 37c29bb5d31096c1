#pragma once

#include "restic/cli/lock_list.h"
#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// Who holds the repository; nothing is changed.
class Locks : public ResticWork {
public:
    Locks(const protocol::TaskPayload& /*task*/, const WorkContext& /*context*/) {}

    std::vector<std::string> arguments(int step) override;
    void text(std::string_view line) override { list_.text(step_, line); }
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override {
        list_.document(step, file, offset);
    }
    /// An empty list says nothing: a command whose end nobody saw is not known to have listed.
    [[nodiscard]] bool complete(int step) const override { return step > 0; }
    [[nodiscard]] std::optional<Verdict> judge(int step, const core::ProcessExit& exit,
                                               const std::string& errors) override;
    core::json::Object result(protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    LockList list_;
    int step_ = 0;
};

} // namespace restic::cli
