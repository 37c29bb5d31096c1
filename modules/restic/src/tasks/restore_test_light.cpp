#include "tasks/restore_test_light.h"

#include "dumps/dump_store.h"
#include "lights/evidence_store.h"
#include "lights/restore_test_store.h"

namespace restic {

void turnRestoreTestLight(core::db::Transaction& tx, const core::Uuid& target, const core::Uuid& task,
                          core::Instant now) {
    auto failing = RestoreTestStore::failed(tx, target);
    if (!failing)
        failing = DumpStore::failedTest(tx, target);
    EvidenceStore::record(tx, target, EvidenceStore::kRestoreTest, {task, !failing, failing, now});
}

} // namespace restic
