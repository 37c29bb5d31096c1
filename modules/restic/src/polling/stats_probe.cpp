#include "core/wire.h"
#include "polling/probe_kind.h"
#include "repositories/size_store.h"
#include "restic/cli/stats.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"

namespace restic {

ProbeFindings lookAtSize(const ProbeContext& context) {
    ProbeFindings findings;
    // Without other snapshots it takes up what it took up, but for a prune.
    const auto* snapshots = context.earlier(probes::kSnapshots);
    const auto* names = snapshots != nullptr ? snapshots->found.find("names") : nullptr;
    const auto* present = names != nullptr ? names->find("snapshots") : nullptr;
    const auto* before = context.earlier(probes::kStats);
    if (before != nullptr && before->goodAt && !before->error && present != nullptr &&
        before->found.stringOr("names") == *present->string()) {
        findings.found = *before->found.object();
        return findings;
    }
    cli::NoItems items;
    protocol::StatsTask task;
    task.mode = "raw-data";
    cli::Stats stats(task, {{}, [](core::LogLevel, const std::string&) {}, items, false});
    findings.error = context.restic.run(context.access, stats, {context.remaining()}, context.stop);
    if (findings.error)
        return findings;
    protocol::TaskResult good;
    good.outcome = "success";
    const auto size = core::json::Value(stats.result(std::move(good))).integerOr("total_size", -1);
    if (size < 0) {
        findings.error = protocol::task_errors::make(protocol::task_errors::kCommandFailed,
                                                     "restic stats ended without a size");
        return findings;
    }
    findings.found.set("size_bytes", size);
    if (present != nullptr)
        findings.found.set("names", *present->string());
    findings.record = [repository = context.repository.id, size, now = context.now](
                          core::db::Transaction& tx) { SizeStore::record(tx, repository, size, now); };
    return findings;
}

} // namespace restic
