#include "status/status_service.h"

#include <map>

#include <fmt/format.h>

#include "core/cron.h"
#include "errors.h"
#include "restic/cli/lock_list.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::db::Transaction;

const core::wire::Type& wireType(const TargetProblem*) {
    static const auto type =
        core::wire::object<TargetProblem>("TargetProblem", core::wire::tolerant)
            .field("error", &TargetProblem::error)
            .field("message", &TargetProblem::message)
            .field("cause", &TargetProblem::cause, {.doc = "Of BackupFailed: the name of the task's error"})
            .build();
    return type;
}

const core::wire::Type& wireType(const TargetStatus*) {
    static const auto type =
        core::wire::object<TargetStatus>("TargetStatus", core::wire::tolerant, "How one protected thing is")
            // These seven first: they are what old scripts know.
            .field("name", &TargetStatus::name)
            .field("mode", &TargetStatus::mode, {.oneOf = {"direct", "agent"}})
            .field("agent_id", &TargetStatus::agentId)
            .field("status", &TargetStatus::status,
                   {.oneOf = {"healthy", "warning", "unhealthy", "unknown", "disabled"}})
            .field("last_snapshot", &TargetStatus::lastSnapshot)
            .field("snapshot_age_hours", &TargetStatus::snapshotAgeHours)
            .field("source", &TargetStatus::source)
            .field("id", &TargetStatus::id)
            .field("repository_id", &TargetStatus::repositoryId)
            .field("agent_hostname", &TargetStatus::agentHostname)
            .field("agent_status", &TargetStatus::agentStatus)
            .field("policy_id", &TargetStatus::policyId)
            .field("policy_name", &TargetStatus::policyName)
            .field("disabled", &TargetStatus::disabled)
            .field("error", &TargetStatus::error)
            .field(
                "checked_at", &TargetStatus::checkedAt,
                {.doc = "When the last run ended; of a direct one, when somebody looked last, good or not"})
            .field("seen_at", &TargetStatus::seenAt,
                   {.doc = "Of a direct one: when the snapshots were last seen; what is shown is of then"})
            .field("next_check_at", &TargetStatus::nextCheckAt, {.doc = "Of a direct one"})
            .field("snapshot_count", &TargetStatus::snapshotCount)
            .field("latest_snapshot_id", &TargetStatus::latestSnapshotId)
            .field("last_run_id", &TargetStatus::lastRunId)
            .field("last_run_status", &TargetStatus::lastRunStatus)
            .field("last_run_at", &TargetStatus::lastRunAt)
            .field("next_run_at", &TargetStatus::nextRunAt)
            .field("running_task_id", &TargetStatus::runningTaskId)
            .build();
    return type;
}

namespace {

/// Everything of all targets in one statement. What a run leaves is kept beside its target, so that the cost
/// grows with the targets and never with the history.
constexpr std::string_view kSelect =
    "SELECT t.id, t.name, t.mode, t.disabled, t.agent_id, a.hostname, a.status, t.policy_id, p.name, "
    "p.schedule, p.timezone, p.max_age_hours, l.next_run_at_us, t.snapshot_count, t.latest_snapshot_id, "
    "t.latest_snapshot_at_us, t.last_run_id, t.last_run_status, t.last_run_message, "
    "t.last_run_started_at_us, t.last_run_ended_at_us, "
    // The five states are the partial index's, word for word.
    "(SELECT k.id FROM restic_tasks k WHERE k.tenant_id = t.tenant_id AND k.target_id = t.id AND k.status IN "
    "('created', 'queued', 'assigned', 'running', 'unreachable') AND k.status IN ('assigned', 'running', "
    "'unreachable') LIMIT 1), t.last_run_unread_count, l.skipped_at_us, l.skip_reason, "
    "CASE WHEN t.last_run_status = 'failed' THEN (SELECT k.error FROM restic_tasks k WHERE k.tenant_id = "
    "t.tenant_id AND k.id = t.last_run_id) END, "
    "d.error, d.message, COALESCE(t.repository_id, p.repository_id), t.max_age_hours, p.awaiting_adoption, "
    "s.next_at_us, s.ended_at_us, s.good_at_us, s.error, s.message, s.error_since_us, s.found, c.error, "
    "c.message "
    "FROM restic_targets t "
    "LEFT JOIN restic_agents a ON a.tenant_id = t.tenant_id AND a.id = t.agent_id "
    "LEFT JOIN restic_policies p ON p.tenant_id = t.tenant_id AND p.id = t.policy_id "
    "LEFT JOIN restic_agent_policy_links l ON l.tenant_id = t.tenant_id AND l.agent_id = t.agent_id AND "
    "l.policy_id = t.policy_id "
    "LEFT JOIN restic_repositories r ON r.tenant_id = t.tenant_id AND r.id = COALESCE(t.repository_id, "
    "p.repository_id) "
    "LEFT JOIN restic_repository_damage d ON d.tenant_id = r.tenant_id AND d.repository_id = r.id AND "
    "(d.place "
    "= '' OR d.place = r.place) "
    "LEFT JOIN restic_target_probes s ON s.tenant_id = t.tenant_id AND s.target_id = t.id AND s.kind = "
    "'snapshots' AND "
    "t.mode = 'direct' "
    "LEFT JOIN restic_target_probes c ON c.tenant_id = t.tenant_id AND c.target_id = t.id AND c.kind = "
    "'check' AND "
    "t.mode = 'direct' "
    "WHERE t.tenant_id = $1";

struct Judged {
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::string> schedule, timezone;
    std::optional<std::string> runError;
    std::int64_t unreadCount = 0;
    std::optional<Instant> skippedAt;
    std::optional<std::string> skipReason;
    std::optional<std::string> runCause;
    std::optional<TargetProblem> damage;      ///< that a check of its repository found
    std::optional<TargetProblem> looked = {}; ///< of a direct one: what the looks at it say
    bool lookedInVain = false;                ///< and that it is no passing trouble
};

/// The name of the error that a task keeps; nullopt where nothing can be read of it.
std::optional<std::string> causeOf(const core::json::Value& error) {
    auto name = error.stringOr("error");
    return name.empty() ? std::nullopt : std::optional(std::move(name));
}

/// After the second slot without a snapshot something is wrong, whatever the policy's limit. Many targets
/// have the same schedule: of two times of a last snapshot the later one cannot be worse, so most of them are
/// judged by what was found of others.
class MissedSlots {
public:
    explicit MissedSlots(Instant now) : now_(now) {}

    bool twoSince(const std::string& schedule, const std::string& timezone, Instant last) {
        auto [found, isNew] = known_.try_emplace(schedule + '\n' + timezone);
        auto& one = found->second;
        if (isNew) {
            auto cron = core::Cron::parse(schedule);
            one.zone = core::findTimeZone(timezone);
            if (cron && one.zone != nullptr)
                one.cron = std::move(cron).value();
        }
        if (!one.cron)
            return false;
        if (one.missed && last <= *one.missed)
            return true;
        if (one.kept && last >= *one.kept)
            return false;
        const auto first = one.cron->next(last, *one.zone);
        const auto second = first ? one.cron->next(*first, *one.zone) : std::nullopt;
        const bool missed = second && *second + std::chrono::hours{1} < now_;
        (missed ? one.missed : one.kept) = last;
        return missed;
    }

private:
    struct Known {
        std::optional<core::Cron> cron;
        const date::time_zone* zone = nullptr;
        std::optional<Instant> missed; ///< the latest time that was too long ago
        std::optional<Instant> kept;   ///< the earliest that was not
    };
    Instant now_;
    std::map<std::string, Known> known_;
};

void judge(TargetStatus& target, const Judged& facts, MissedSlots& slots, Instant now) {
    if (target.disabled) {
        target.status = "disabled";
        return;
    }
    if (facts.damage) {
        target.status = "unhealthy";
        target.error = facts.damage;
    } else if (target.lastRunStatus == "failed") {
        target.status = "unhealthy";
        target.error =
            TargetProblem{"BackupFailed", facts.runError.value_or("The last backup failed."), facts.runCause};
    } else if (facts.skippedAt && (!target.lastRunAt || *facts.skippedAt > *target.lastRunAt)) {
        target.status = "unhealthy";
        target.error =
            TargetProblem{"SlotSkipped", "A scheduled backup was not started: " +
                                             facts.skipReason.value_or("the reason is not known.")};
    } else if (facts.looked && facts.lookedInVain) {
        target.status = "unhealthy";
        target.error = facts.looked;
    } else if (!target.lastSnapshot) {
        target.status = target.mode == "direct" && target.seenAt ? "unhealthy" : "unknown";
        if (target.status == "unhealthy")
            target.error =
                TargetProblem{std::string(errors::kNoSnapshots.name), "The repository has no snapshot."};
        else if (facts.looked)
            target.error = facts.looked;
    } else if ((facts.maxAgeHours && now - *target.lastSnapshot > std::chrono::hours{*facts.maxAgeHours}) ||
               (!facts.maxAgeHours && facts.schedule && facts.timezone &&
                slots.twoSince(*facts.schedule, *facts.timezone, *target.lastSnapshot))) {
        target.status = "unhealthy";
        target.error =
            TargetProblem{std::string(errors::kSnapshotTooOld.name),
                          fmt::format("The last snapshot is {} hours old.", *target.snapshotAgeHours)};
    } else if (facts.looked) {
        target.status = "warning";
        target.error = facts.looked;
    } else if (target.lastRunStatus == "warning") {
        target.status = "warning";
        const auto sentence =
            facts.unreadCount == 1
                ? std::string("1 file could not be read in the last backup.")
                : fmt::format("{} files could not be read in the last backup.", facts.unreadCount);
        target.error = TargetProblem{facts.unreadCount > 0 ? "UnreadFiles" : "DoubtfulBackup",
                                     facts.runError.value_or(sentence)};
    } else {
        target.status = "healthy";
    }
}

/// What cannot be reached just now may be there: for so long that is no more than a warning.
constexpr std::chrono::hours kPassing{1};
/// A lock that nobody has renewed for so long is left behind (restic's own limit).
constexpr std::chrono::minutes kStaleLock{30};

bool mayPass(const std::string& error) {
    const auto* kind = protocol::task_errors::find(error);
    return kind != nullptr && kind->remedy == protocol::Remedy::retry;
}

/// A lock that keeps others out though its holder is gone.
std::optional<TargetProblem> staleLock(const core::json::Value& found, Instant now) {
    const auto* locks = found.find("locks");
    if (locks == nullptr || locks->array() == nullptr)
        return std::nullopt;
    for (const auto& one : *locks->array()) {
        const auto lock = core::wire::read<protocol::RepositoryLock>(one);
        if (lock && lock.value().time && now - *lock.value().time > kStaleLock)
            return TargetProblem{std::string(protocol::task_errors::kRepositoryLocked.name),
                                 "A lock was left behind: " + cli::describe(lock.value()) + "."};
    }
    return std::nullopt;
}

/// What the looks at a direct target say, from column `first` of a row on.
void readLooks(const core::db::Row& row, std::size_t first, TargetStatus& target, Judged& facts,
               Instant now) {
    target.nextCheckAt = target.disabled ? std::nullopt : row.optionalInstant(first);
    target.checkedAt = row.optionalInstant(first + 1);
    target.seenAt = row.optionalInstant(first + 2);
    if (const auto error = row.optionalText(first + 3)) {
        facts.looked = TargetProblem{*error, row.optionalText(first + 4).value_or("")};
        const auto since = row.optionalInstant(first + 5);
        facts.lookedInVain = !mayPass(*error) || (since && now - *since > kPassing);
    } else if (auto lock = staleLock(jsonOrNull(row, first + 6), now)) {
        facts.looked = std::move(lock);
    } else if (const auto ofCheck = row.optionalText(first + 7)) {
        facts.looked = TargetProblem{*ofCheck, "The last check did not come to its end: " +
                                                   row.optionalText(first + 8).value_or("")};
    }
}

TargetStatus fromRow(const core::db::Row& row, std::optional<std::int64_t> maxAgeHours,
                     core::milliseconds standardAge, MissedSlots& slots, Instant now) {
    TargetStatus target;
    target.id = row.uuid(0);
    target.name = row.text(1);
    target.mode = row.text(2);
    target.disabled = row.boolean(3);
    target.agentId = row.optionalUuid(4);
    target.agentHostname = row.optionalText(5);
    target.agentStatus = row.optionalText(6);
    target.policyId = row.optionalUuid(7);
    target.policyName = row.optionalText(8);
    target.nextRunAt = row.optionalInstant(12);
    target.snapshotCount = row.integer(13);
    target.latestSnapshotId = row.optionalText(14);
    target.lastSnapshot = row.optionalInstant(15);
    target.lastRunId = row.optionalUuid(16);
    target.lastRunStatus = row.optionalText(17);
    target.lastRunAt = row.optionalInstant(19);
    target.checkedAt = row.optionalInstant(20);
    target.runningTaskId = row.optionalUuid(21);
    target.source = target.mode == "agent" ? "agent_report" : "direct_poll";
    if (target.lastSnapshot)
        target.snapshotAgeHours =
            std::chrono::duration_cast<std::chrono::hours>(now - *target.lastSnapshot).count();
    Judged facts{maxAgeHours ? maxAgeHours : row.optionalInteger(11),
                 row.optionalText(9),
                 row.optionalText(10),
                 row.optionalText(18),
                 row.integer(22),
                 row.optionalInstant(23),
                 row.optionalText(24),
                 causeOf(jsonOrNull(row, 25)),
                 row.optionalText(26) ? std::optional(TargetProblem{row.text(26), row.text(27)})
                                      : std::nullopt};
    target.repositoryId = row.optionalUuid(28);
    if (!facts.maxAgeHours)
        facts.maxAgeHours = row.optionalInteger(29);
    // A schedule that rests is not the one by which its snapshots are made.
    if (target.mode == "direct") {
        if (!facts.maxAgeHours && (!facts.schedule || row.boolean(30)))
            facts.maxAgeHours = std::chrono::duration_cast<std::chrono::hours>(standardAge).count();
        readLooks(row, 31, target, facts, now);
    }
    judge(target, facts, slots, now);
    return target;
}

} // namespace

std::vector<TargetStatus> StatusService::load(Transaction& tx, const std::string& condition,
                                              std::optional<core::db::Param> value,
                                              std::optional<std::int64_t> maxAgeHours) const {
    const Instant now = clock_.now();
    core::db::Params params{tx.tenant()};
    if (value)
        params.push_back(std::move(*value));
    std::vector<TargetStatus> all;
    MissedSlots slots(now);
    for (const auto& row : tx.query(std::string(kSelect) + condition + " ORDER BY t.name", params))
        try {
            all.push_back(fromRow(row, maxAgeHours, standardAge_, slots, now));
        } catch (const core::Error&) {
            // One that was damaged must not hide the others, nor be green.
            TargetStatus target;
            target.id = row.uuid(0);
            target.name = row.text(1);
            target.mode = row.text(2);
            target.source = target.mode == "agent" ? "agent_report" : "direct_poll";
            target.status = "unhealthy";
            target.error = TargetProblem{"Unreadable", "What the database has of this target cannot be read; "
                                                       "the host's operator must repair it."};
            all.push_back(std::move(target));
        }
    return all;
}

std::vector<TargetStatus> StatusService::list(const core::TenantContext& context,
                                              std::optional<std::int64_t> maxAgeHours) {
    return database_.read(context, [&](Transaction& tx) { return load(tx, "", std::nullopt, maxAgeHours); });
}

TargetStatus StatusService::get(const core::TenantContext& context, const std::string& name,
                                std::optional<std::int64_t> maxAgeHours) {
    auto found = database_.read(
        context, [&](Transaction& tx) { return load(tx, " AND t.name = $2", name, maxAgeHours); });
    if (found.empty())
        throw core::Error(errors::kTargetNotFound, "There is no target named \"" + name + "\".");
    return std::move(found.front());
}

std::optional<TargetStatus> StatusService::find(Transaction& tx, const core::Uuid& target) const {
    auto found = load(tx, " AND t.id = $2", core::db::Param(target), std::nullopt);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

} // namespace restic
