#include "kinds/backup_verdict.h"

namespace agent {
using restic::protocol::TaskState;

restic::cli::Verdict judgeBackup(const core::ProcessExit& exit, const restic::cli::BackupOutput& output,
                                 restic::cli::StopReason stopped) {
    const bool ended = exit.known && exit.signal == 0;
    const bool success = output.summary() && ((ended && (exit.code == 0 || exit.code == 3)) || !exit.known);
    if (!success)
        return restic::cli::judgeFailure(exit, output.errorText(), stopped);
    // A cancel that came too late: the snapshot is there, and saying otherwise would hide it.
    const bool warning = output.incomplete() || (ended && exit.code == 3 && output.vanishedCount() == 0);
    return {warning ? TaskState::warning : TaskState::success, warning ? "warning" : "success", std::nullopt};
}

} // namespace agent
