#include "polling/probe_kind.h"
#include "repositories/damage_store.h"
#include "restic/cli/check.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"

namespace restic {

ProbeFindings checkStructure(const ProbeContext& context) {
    cli::NoItems items;
    cli::Check check(protocol::CheckTask{}, {{}, [](core::LogLevel, const std::string&) {}, items, false});
    ProbeFindings findings;
    findings.error = context.restic.run(context.access, check, {context.remaining()}, context.stop);
    const bool damaged =
        findings.error && findings.error->error == protocol::task_errors::kRepositoryCorrupted.name;
    if (findings.error && !damaged)
        return findings;
    findings.record = [damaged, error = findings.error, repository = context.repository.id,
                       target = context.target, now = context.now](core::db::Transaction& tx) {
        // A check without the data disproves only what such a check had found.
        if (damaged)
            DamageStore::record(tx, {repository, target, error->error, error->message, "", now});
        else
            DamageStore::disprove(tx, repository, "");
    };
    return findings;
}

} // namespace restic
