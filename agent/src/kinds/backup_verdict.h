#pragma once

#include "restic/backup_output.h"
#include "restic/verdict.h"

namespace agent {

/// Judges a backup: by the exit code first, by text only where there is no code. A run without a summary is
/// never a success, and a summary with exit code 3 is never thrown away.
[[nodiscard]] Verdict judgeBackup(const core::ProcessExit& exit, const BackupOutput& output,
                                  StopReason stopped);

} // namespace agent
