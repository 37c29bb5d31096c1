#include <algorithm>

#include "core/wire.h"
#include "policies/target_store.h"
#include "polling/probe_kind.h"
#include "polling/snapshot_groups.h"
#include "polling/snapshot_names.h"
#include "restic/cli/list_snapshots.h"
#include "restic/cli/locks.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_listing.h"
#include "snapshots/snapshot_removal.h"

namespace restic {

using core::Instant;
using core::db::Transaction;

namespace {
/// A listing of names is quick, or restic has to say why it is not.
constexpr core::milliseconds kNames{30000};

/// Records a listing as it is read, in units of work of so many: there may be a hundred thousand.
class Recorded final : public cli::ResultItems {
public:
    static constexpr std::size_t kBatch = 500;

    explicit Recorded(const ProbeContext& context)
        : database_(context.database), events_(context.events), tenant_(context.tenant), now_(context.now),
          listing_{context.repository.id, "direct_poll",
                   [target = context.target](const protocol::SnapshotItem&, Snapshot& snapshot) {
                       snapshot.target = target;
                   }} {}

    void begin() override {
        waiting_.clear();
        count_ = 0;
        groups_ = {};
        latest_.reset();
    }
    bool append(const core::json::Object& item) override {
        auto read = core::wire::read<protocol::SnapshotItem>(core::json::Value(item));
        if (!read)
            return false;
        ++count_;
        if (const auto& snapshot = read.value(); snapshot.time && (!latest_ || *snapshot.time > *latest_)) {
            latest_ = snapshot.time;
            latestId_ = snapshot.id;
        }
        groups_.add(read.value());
        waiting_.push_back(std::move(read).value());
        if (waiting_.size() >= kBatch)
            flush();
        return true;
    }
    /// What no unit of work has taken yet; a unit of work may be tried again.
    void write(Transaction& tx) const { listing_.record(tx, events_, waiting_, now_); }
    [[nodiscard]] core::json::Array groups() const { return groups_.document(); }
    [[nodiscard]] std::int64_t count() const noexcept { return count_; }
    [[nodiscard]] const std::optional<Instant>& latest() const noexcept { return latest_; }
    [[nodiscard]] const std::string& latestId() const noexcept { return latestId_; }

private:
    void flush() {
        database_.transact(tenant_, [&](Transaction& tx) { write(tx); });
        waiting_.clear();
    }

    core::db::Database& database_;
    core::event::Bus& events_;
    core::TenantContext tenant_;
    Instant now_;
    SnapshotListing listing_;
    std::vector<protocol::SnapshotItem> waiting_;
    SnapshotGroups groups_;
    std::int64_t count_ = 0;
    std::optional<Instant> latest_;
    std::string latestId_;
};

core::json::Object namesOf(const RepositoryNames& names) {
    core::json::Object document;
    document.set("snapshots", names.digest());
    document.set("locks", names.digestOfLocks());
    return document;
}

/// Whose locks there are: by restic, which has to open the repository for it.
std::optional<protocol::TaskError> lookAtLocks(const ProbeContext& context, const cli::WorkContext& work,
                                               core::json::Object& found) {
    cli::Locks locks({}, work);
    if (auto error = context.restic.run(context.access, locks, {context.remaining()}, context.stop))
        return error;
    protocol::TaskResult good;
    good.outcome = "success";
    const core::json::Value result(locks.result(std::move(good)));
    for (const auto* name : {"lock_count", "locks"})
        if (const auto* value = result.find(name))
            found.set(name, *value);
    return std::nullopt;
}
} // namespace

ProbeFindings lookAtSnapshots(const ProbeContext& context) {
    ProbeFindings findings;
    const auto* before = context.earlier(probes::kSnapshots);
    const auto names = listNames({context.access, context.commands, context.processes,
                                  std::min(context.remaining() / 2, kNames), context.stop});
    const auto* known = before != nullptr && before->goodAt ? before->found.find("names") : nullptr;
    const auto present = names ? std::optional(core::json::Value(namesOf(*names))) : std::nullopt;
    // Another password, or another place, is to be tried even where the names are the same.
    const auto of = core::formatInstant(context.repository.updatedAt);
    const bool isSame = before != nullptr && before->found.stringOr("repository") == of;
    const auto isAsBefore = [&](const char* part) {
        return isSame && known != nullptr && present && known->find(part) != nullptr &&
               *known->find(part) == *present->find(part);
    };
    if (isAsBefore("snapshots") && isAsBefore("locks") && !before->error) {
        findings.found = *before->found.object();
        return findings;
    }

    auto recorded = std::make_shared<Recorded>(context);
    const cli::WorkContext work{{}, [](core::LogLevel, const std::string&) {}, *recorded, false};
    const bool listed = !isAsBefore("snapshots") || before->error;
    if (listed) {
        cli::ListSnapshots list({}, work);
        findings.error = context.restic.run(context.access, list, {context.remaining()}, context.stop);
        if (!findings.error && !list.complete(0))
            findings.error = protocol::task_errors::make(protocol::task_errors::kCommandFailed,
                                                         "restic listed the snapshots, but not all of them");
        if (findings.error)
            return findings;
        findings.found.set("count", recorded->count());
        findings.found.set("groups", recorded->groups());
    } else {
        findings.found = *before->found.object();
    }
    findings.found.set("lock_count", 0);
    findings.found.set("locks", core::json::Array());
    if (!names || !names->locks.empty())
        if ((findings.error = lookAtLocks(context, work, findings.found))) {
            if (!names || context.stop.stop_requested())
                return findings;
            // That somebody holds it is known, only not who.
            findings.error.reset();
            findings.found.set("lock_count", static_cast<std::int64_t>(names->locks.size()));
        }
    findings.found.set("repository", of);
    if (present)
        findings.found.set("names", *present);
    if (listed)
        findings.record = [recorded, repository = context.repository.id, target = context.target,
                           began = context.now](Transaction& tx) {
            recorded->write(tx);
            recordAbsent(tx, repository, began, began);
            auto latest = recorded->latest();
            // A clock that is ahead must not make it new again with each listing.
            if (latest && *latest > began)
                latest = SnapshotStore::recordedAt(tx, repository, recorded->latestId()).value_or(began);
            TargetStore::recordListing(tx, target, recorded->count(),
                                       latest ? std::optional(recorded->latestId()) : std::nullopt, latest);
        };
    return findings;
}

} // namespace restic
