#pragma once

#include "restic/cli/backup_output.h"
#include "restic/cli/verdict.h"

namespace agent {

/// Judges a backup: by the exit code first, by text only where there is no code. A run without a summary is
/// never a success, and a summary with exit code 3 is never thrown away.
[[nodiscard]] restic::cli::Verdict judgeBackup(const core::ProcessExit& exit,
                                               const restic::cli::BackupOutput& output,
                                               restic::cli::StopReason stopped);

} // namespace agent
