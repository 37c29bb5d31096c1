#pragma once

#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// `restic check`: what is damaged, in numbers and in restic's words. Its JSON summary (0.18 and later)
/// claims an error for every failure, so the exit code is asked first.
class Check : public ResticWork {
public:
    Check(protocol::CheckTask task, const WorkContext& context);

    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    void text(std::string_view line) override;
    void errorText(std::string_view line) override;
    [[nodiscard]] bool complete(int step) const override { return step == 0 && clean_; }
    [[nodiscard]] std::optional<Verdict> judge(int step, const core::ProcessExit& exit,
                                               const std::string& errors) override;
    core::json::Object result(protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    void addError(std::string_view text);
    void addPack(std::string_view id);

    protocol::CheckTask task_;
    bool mayLock_;
    protocol::CheckResult result_;
    std::uint64_t errorCount_ = 0;            ///< as counted here
    std::optional<std::uint64_t> toldErrors_; ///< as restic counts them, from 0.18 on
    bool clean_ = false;
    bool damaged_ = false;
};

} // namespace restic::cli
