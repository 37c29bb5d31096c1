#include "restic/protocol/task_kinds.h"

#include <array>

#include "restic/protocol/backup_task.h"
#include "restic/protocol/key_tasks.h"
#include "restic/protocol/look_tasks.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/plugin_messages.h"
#include "restic/protocol/restore_task.h"
#include "restic/protocol/snapshot_tasks.h"
#include "restic/protocol/verify_task.h"

namespace restic::protocol {
using core::wire::typeOf;
using namespace std::chrono_literals;

namespace kinds {
const TaskKind backup{.name = "backup",
                      .summary = "Saves files as a new snapshot",
                      .lock = LockClass::shared,
                      .makesSnapshot = true,
                      .timeLimit = 6h,
                      .payload = &typeOf<BackupTask>,
                      .result = &typeOf<BackupResult>};
const TaskKind init{.name = "init",
                    .summary = "Creates the repository where its place is empty",
                    .lock = LockClass::exclusive,
                    .makesRepository = true,
                    .timeLimit = 10min,
                    .payload = &typeOf<TaskPayload>,
                    .result = &typeOf<InitResult>};
const TaskKind check{.name = "check",
                     .summary = "Looks for damage in the repository",
                     .lock = LockClass::exclusive,
                     .timeLimit = 24h,
                     .payload = &typeOf<CheckTask>,
                     .result = &typeOf<CheckResult>};
const TaskKind forget{.name = "forget",
                      .summary = "Removes snapshots that the retention no longer keeps",
                      .lock = LockClass::exclusive,
                      .removes = true,
                      .timeLimit = 1h,
                      .payload = &typeOf<ForgetTask>,
                      .result = &typeOf<ForgetResult>};
const TaskKind previewForget{.name = "preview_forget",
                             .summary = "Tells which snapshots a retention would remove, and removes none",
                             .lock = LockClass::none,
                             .timeLimit = 1h,
                             .payload = &typeOf<ForgetTask>,
                             .result = &typeOf<PreviewForgetResult>};
const TaskKind prune{.name = "prune",
                     .summary = "Frees the space of what no snapshot needs; with a retention, forgets first",
                     .lock = LockClass::exclusive,
                     .removes = true,
                     .timeLimit = 24h,
                     .payload = &typeOf<PruneTask>,
                     .result = &typeOf<PruneResult>};
const TaskKind unlock{.name = "unlock",
                      .summary = "Removes locks whose holder is gone, and no others",
                      .lock = LockClass::none,
                      .timeLimit = 10min,
                      .payload = &typeOf<TaskPayload>,
                      .result = &typeOf<UnlockResult>};
const TaskKind locks{.name = "locks",
                     .summary = "Tells who holds the repository, and changes nothing",
                     .lock = LockClass::none,
                     .timeLimit = 10min,
                     .payload = &typeOf<TaskPayload>,
                     .result = &typeOf<LocksResult>};
const TaskKind stats{.name = "stats",
                     .summary = "Counts what the repository takes up",
                     .lock = LockClass::none,
                     .timeLimit = 6h,
                     .payload = &typeOf<StatsTask>,
                     .result = &typeOf<StatsResult>};
const TaskKind snapshots{.name = "snapshots",
                         .summary = "Lists the repository's snapshots",
                         .lock = LockClass::none,
                         .timeLimit = 1h,
                         .payload = &typeOf<TaskPayload>,
                         .result = &typeOf<SnapshotsResult>,
                         .item = &typeOf<SnapshotItem>};
const TaskKind test{.name = "test",
                    .summary =
                        "Asks the storage whether it can be reached and what is there, and changes nothing",
                    .lock = LockClass::none,
                    .triedAgain = false,
                    .timeLimit = 30s,
                    .payload = &typeOf<TestTask>,
                    .result = &typeOf<TestResult>};
const TaskKind addKey{.name = "add_key",
                      .summary = "Makes a new password open the repository beside the present one",
                      .lock = LockClass::exclusive,
                      .askedFor = false,
                      .timeLimit = 15min,
                      .payload = &typeOf<TaskPayload>,
                      .result = &typeOf<AddKeyResult>};
const TaskKind removeKey{.name = "remove_key",
                         .summary = "Takes away the key of a password that was replaced",
                         .lock = LockClass::exclusive,
                         .removes = true,
                         .askedFor = false,
                         .timeLimit = 15min,
                         .payload = &typeOf<RemoveKeyTask>,
                         .result = &typeOf<RemoveKeyResult>};
const TaskKind pluginTest{.name = "plugin_test",
                          .summary = "Lets a dump plugin look at its server, and changes nothing",
                          .lock = LockClass::none,
                          .onRepository = false,
                          .askedFor = false,
                          .triedAgain = false,
                          .timeLimit = 5min,
                          .payload = &typeOf<PluginTestTask>,
                          .result = &typeOf<PluginTestResult>};
const TaskKind pluginSetup{.name = "plugin_setup",
                           .summary = "Switches a dump plugin on or off, or changes its settings",
                           .lock = LockClass::none,
                           .onRepository = false,
                           .askedFor = false,
                           .triedAgain = false,
                           .timeLimit = 5min,
                           .payload = &typeOf<PluginSetupTask>,
                           .result = &typeOf<PluginSetupResult>};
const TaskKind restore{.name = "restore",
                       .summary = "Brings files of a snapshot back to a machine",
                       .lock = LockClass::shared,
                       .askedFor = false,
                       .triedAgain = false,
                       .timeLimit = 24h,
                       .payload = &typeOf<RestoreTask>,
                       .result = &typeOf<RestoreResult>};
const TaskKind verify{
    .name = "verify",
    .summary =
        "Tries a snapshot: restores a part of its files into a folder of its own, compares and removes them",
    .lock = LockClass::shared,
    .askedFor = false,
    .triedAgain = false,
    .timeLimit = 12h,
    .payload = &typeOf<VerifyTask>,
    .result = &typeOf<VerifyResult>};
const TaskKind restoreDump{.name = "restore_dump",
                           .summary = "Brings a database back from its dump",
                           .lock = LockClass::shared,
                           .askedFor = false,
                           .triedAgain = false,
                           .timeLimit = 24h,
                           .payload = &typeOf<DumpTask>,
                           .result = &typeOf<RestoreDumpResult>};
const TaskKind verifyDump{
    .name = "verify_dump",
    .summary = "Tries a dump: restores it into a server that is started for it and counts its rows",
    .lock = LockClass::shared,
    .askedFor = false,
    .triedAgain = false,
    .timeLimit = 24h,
    .payload = &typeOf<DumpTask>,
    .result = &typeOf<VerifyDumpResult>};
const TaskKind tag{.name = "tag",
                   .summary = "Changes the tags of a snapshot; one that is pinned is kept by each forget",
                   .lock = LockClass::exclusive,
                   .removes = true,
                   .askedFor = false,
                   .triedAgain = false,
                   .timeLimit = 15min,
                   .payload = &typeOf<TagTask>,
                   .result = &typeOf<TagResult>};
const TaskKind forgetSnapshot{.name = "forget_snapshot",
                              .summary = "Removes one snapshot that somebody has chosen",
                              .lock = LockClass::exclusive,
                              .removes = true,
                              .askedFor = false,
                              .triedAgain = false,
                              .timeLimit = 15min,
                              .payload = &typeOf<ForgetSnapshotTask>,
                              .result = &typeOf<ForgetResult>};
const TaskKind ls{.name = "ls",
                  .summary = "Lists one folder of a snapshot",
                  .lock = LockClass::none,
                  .askedFor = false,
                  .triedAgain = false,
                  .timeLimit = 1h,
                  .payload = &typeOf<LsTask>,
                  .result = &typeOf<LsResult>,
                  .item = &typeOf<LsEntry>};
const TaskKind find{.name = "find",
                    .summary = "Looks for files in snapshots by their name or path",
                    .lock = LockClass::none,
                    .askedFor = false,
                    .triedAgain = false,
                    .timeLimit = 6h,
                    .payload = &typeOf<FindTask>,
                    .result = &typeOf<FindResult>,
                    .item = &typeOf<FoundItem>};
const TaskKind diff{.name = "diff",
                    .summary = "Compares two snapshots",
                    .lock = LockClass::none,
                    .askedFor = false,
                    .triedAgain = false,
                    .timeLimit = 6h,
                    .payload = &typeOf<DiffTask>,
                    .result = &typeOf<DiffResult>,
                    .item = &typeOf<DiffItem>};
} // namespace kinds

std::span<const TaskKind* const> allKinds() noexcept {
    static constexpr std::array kAll{
        &kinds::backup,  &kinds::init,   &kinds::check,       &kinds::forget,        &kinds::previewForget,
        &kinds::prune,   &kinds::unlock, &kinds::locks,       &kinds::stats,         &kinds::snapshots,
        &kinds::test,    &kinds::addKey, &kinds::removeKey,   &kinds::pluginTest,    &kinds::pluginSetup,
        &kinds::restore, &kinds::verify, &kinds::restoreDump, &kinds::verifyDump,    &kinds::ls,
        &kinds::find,    &kinds::diff,   &kinds::tag,         &kinds::forgetSnapshot};
    return kAll;
}

} // namespace restic::protocol
