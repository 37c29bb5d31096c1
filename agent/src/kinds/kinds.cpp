#include "kinds/kinds.h"

#include <array>

#include "kinds/add_key.h"
#include "kinds/backup_run.h"
#include "kinds/diff.h"
#include "kinds/dump_restore.h"
#include "kinds/find.h"
#include "kinds/forget.h"
#include "kinds/forget_snapshot.h"
#include "kinds/init.h"
#include "kinds/ls.h"
#include "kinds/plugin_setup.h"
#include "kinds/plugin_test.h"
#include "kinds/preview_forget.h"
#include "kinds/prune.h"
#include "kinds/remove_key.h"
#include "kinds/restore_run.h"
#include "kinds/tag.h"
#include "kinds/test.h"
#include "kinds/unlock.h"
#include "kinds/verify_run.h"
#include "kinds/work_of.h"
#include "restic/cli/check.h"
#include "restic/cli/list_snapshots.h"
#include "restic/cli/locks.h"
#include "restic/cli/stats.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace cli = restic::cli;
namespace kinds = restic::protocol::kinds;

} // namespace

const KindOfWork* findWork(std::string_view kind) noexcept {
    static const std::array kAll{
        runOf<protocol::BackupTask, BackupRun>(kinds::backup),
        runOf<protocol::TaskPayload, InitRun>(kinds::init),
        commandsOf<protocol::CheckTask, cli::Check>(kinds::check),
        commandsOf<protocol::ForgetTask, Forget>(kinds::forget),
        commandsOf<protocol::ForgetTask, PreviewForget>(kinds::previewForget),
        commandsOf<protocol::PruneTask, Prune>(kinds::prune),
        commandsOf<protocol::TaskPayload, Unlock>(kinds::unlock),
        commandsOf<protocol::TaskPayload, cli::Locks>(kinds::locks),
        commandsOf<protocol::StatsTask, cli::Stats>(kinds::stats),
        commandsOf<protocol::TaskPayload, cli::ListSnapshots>(kinds::snapshots),
        runOf<protocol::TestTask, TestRun>(kinds::test),
        runOf<protocol::TaskPayload, AddKeyRun>(kinds::addKey),
        runOf<protocol::RemoveKeyTask, RemoveKeyRun>(kinds::removeKey),
        runOf<protocol::TagTask, TagRun>(kinds::tag),
        runOf<protocol::ForgetSnapshotTask, ForgetSnapshotRun>(kinds::forgetSnapshot),
        runOf<protocol::PluginTestTask, PluginTestRun>(kinds::pluginTest),
        runOf<protocol::PluginSetupTask, PluginSetupRun>(kinds::pluginSetup),
        runOf<protocol::RestoreTask, RestoreRun>(kinds::restore),
        runOf<protocol::VerifyTask, VerifyRun>(kinds::verify),
        runOf<protocol::DumpTask, RestoreDumpRun>(kinds::restoreDump),
        runOf<protocol::DumpTask, VerifyDumpRun>(kinds::verifyDump),
        commandsOf<protocol::LsTask, Ls>(kinds::ls),
        commandsOf<protocol::FindTask, Find>(kinds::find),
        runOf<protocol::DiffTask, DiffRun>(kinds::diff),
    };
    for (const auto& one : kAll)
        if (one.kind.name == kind)
            return &one;
    return nullptr;
}

} // namespace agent
