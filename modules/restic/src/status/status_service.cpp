#include "status/status_service.h"

#include <fmt/format.h>

#include "errors.h"
#include "lights/care_lights.h"
#include "policies/policy_options.h"
#include "repositories/maintenance_plan.h"
#include "restic/cli/lock_list.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"
#include "rows.h"
#include "slot.h"

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
            .field("lights", &TargetStatus::lights)
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
            .field("stored_bytes", &TargetStatus::repositoryBytes,
                   {.doc = "what the whole repository took up when it was last counted; other targets may "
                           "share it"})
            .field("restore_test", &TargetStatus::restoreTest, {.doc = "The last one of its files"})
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
    "s.next_at_us, s.ended_at_us, s.good_at_us, s.error, s.message, s.error_since_us, "
    // Of all that was found only locks are looked at, and few have any.
    "CASE WHEN CAST(s.found AS TEXT) LIKE '%\"exclusive\"%' THEN s.found END, c.error, "
    "c.message, "
    "r.maintenance_timezone, fs.schedule, cs.schedule, vs.schedule, p.enabled, t.retention_held, "
    "e.since_us, e.task_id, e.good, e.message, e.good_task_id, e.good_at_us, "
    "v.since_us, v.task_id, v.good, v.message, v.good_task_id, v.good_at_us, "
    "NULL, m.task_id, m.status <> 'failed', m.message, m.good_task_id, m.good_at_us, "
    "fs.problem, d.task_id, c.good_at_us, t.updated_at_us, "
    // Few have what moves a schedule's times, or options for one agent alone.
    "CASE WHEN CAST(p.options AS TEXT) LIKE '%jitter%' OR CAST(p.options AS TEXT) LIKE '%blackout%' THEN "
    "p.options "
    "END, CASE WHEN CAST(l.options AS TEXT) <> '{}' THEN l.options END, "
    "(SELECT z.size_bytes FROM restic_repository_sizes z WHERE z.tenant_id = r.tenant_id AND z.repository_id "
    "= r.id ORDER BY z.day_us DESC LIMIT 1), "
    // As RestoreTestStore::read() takes them.
    "rt.task_id, rt.snapshot_id, rt.ended_at_us, rt.good, rt.message, rt.files, rt.total_files, rt.bytes, "
    "rt.duration_ms "
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
    "LEFT JOIN restic_repository_schedules fs ON fs.tenant_id = r.tenant_id AND fs.repository_id = r.id AND "
    "fs.operation = 'forget' "
    "LEFT JOIN restic_repository_schedules cs ON cs.tenant_id = r.tenant_id AND cs.repository_id = r.id AND "
    "cs.operation = 'check' "
    "LEFT JOIN restic_repository_schedules vs ON vs.tenant_id = r.tenant_id AND vs.repository_id = r.id AND "
    "vs.operation = 'verify' "
    "LEFT JOIN restic_repository_maintenance m ON m.tenant_id = r.tenant_id AND m.repository_id = r.id AND "
    "m.kind = 'check' "
    "LEFT JOIN restic_target_evidence e ON e.tenant_id = t.tenant_id AND e.target_id = t.id AND e.light = "
    "'retention' "
    "LEFT JOIN restic_target_evidence v ON v.tenant_id = t.tenant_id AND v.target_id = t.id AND v.light = "
    "'restore_test' "
    "LEFT JOIN restic_restore_tests rt ON rt.tenant_id = t.tenant_id AND rt.target_id = t.id "
    "WHERE t.tenant_id = $1";

struct Judged {
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::string> schedule, timezone;
    PolicyOptions options = {}; ///< as far as few have them
    std::optional<std::string> runError;
    std::int64_t unreadCount = 0;
    std::optional<Instant> skippedAt;
    std::optional<std::string> skipReason;
    std::optional<std::string> runCause;
    std::optional<TargetProblem> damage;         ///< that a check of its repository found
    std::optional<std::string> damageTask = {};  ///< that check
    std::optional<TargetProblem> looked = {};    ///< of a direct one: what the looks at it say
    bool lookedInVain = false;                   ///< and that it is no passing trouble
    std::optional<TargetProblem> checkLook = {}; ///< what the last check without an agent met
    Instant beganAt = {};                        ///< when the target was to begin
    bool lostAll = false;                        ///< it had snapshots, and has none
    CareFacts retention = {}, check = {}, restoreTest = {};
};

/// The name of the error that a task keeps; nullopt where nothing can be read of it.
std::optional<std::string> causeOf(const core::json::Value& error) {
    auto name = error.stringOr("error");
    return name.empty() ? std::nullopt : std::optional(std::move(name));
}

Light failing(std::string state, const TargetProblem& problem) {
    return lightOf(std::move(state), problem.error, problem.message);
}

/// A target that is only watched has no agent, and so no times of its own.
std::string keyOf(const TargetStatus& target) {
    return target.agentId && target.policyId ? slotKey(*target.agentId, target.policyId->toString()) : "";
}

/// Whether the next snapshot should be there by now.
bool isLate(const TargetStatus& target, const Judged& facts, MissedSlots& slots) {
    if (!target.lastSnapshot && target.mode == "direct")
        return target.seenAt.has_value();
    if (facts.lostAll)
        return true;
    if (target.lastSnapshot && facts.maxAgeHours)
        return slots.now() - *target.lastSnapshot > std::chrono::hours{*facts.maxAgeHours};
    // Of one that never saved anything it counts from when it was to begin, and only as long as it is to.
    if (!target.lastSnapshot && !target.nextRunAt)
        return false;
    return facts.schedule && facts.timezone &&
           slots.twoSince(scheduleOf(*facts.schedule, facts.options, keyOf(target)),
                          target.lastSnapshot.value_or(facts.beganAt));
}

Light backupLight(const TargetStatus& target, const Judged& facts) {
    if (target.lastRunStatus == "failed")
        return lightOf("bad", "BackupFailed", facts.runError.value_or("The last backup failed."));
    if (facts.skippedAt && (!target.lastRunAt || *facts.skippedAt > *target.lastRunAt))
        return lightOf("bad", errors::kSchedulingFailed.name,
                       "A scheduled backup was not started: " +
                           facts.skipReason.value_or("the reason is not known."));
    if (facts.looked && facts.lookedInVain)
        return failing("bad", *facts.looked);
    if (facts.lostAll)
        return lightOf("bad", errors::kNoSnapshots.name,
                       "The repository no longer has any of its snapshots: they were removed there.");
    if (!target.lastSnapshot) {
        if (target.isLate)
            return lightOf("bad", errors::kNoSnapshots.name,
                           target.mode == "direct" ? "The repository has no snapshot."
                                                   : "Nothing has been saved though it was due.");
        return facts.looked ? failing("unknown", *facts.looked)
                            : lightOf("unknown", "NotYet", "There is no snapshot yet.");
    }
    if (target.isLate)
        return lightOf("bad", errors::kSnapshotTooOld.name,
                       fmt::format("The last snapshot is {} hours old.", *target.snapshotAgeHours));
    if (facts.looked)
        return failing("warning", *facts.looked);
    if (target.lastRunStatus == "warning") {
        const auto sentence =
            facts.unreadCount == 1
                ? std::string("1 file could not be read in the last backup.")
                : fmt::format("{} files could not be read in the last backup.", facts.unreadCount);
        return lightOf("warning", facts.unreadCount > 0 ? "UnreadFiles" : "DoubtfulBackup",
                       facts.runError.value_or(sentence));
    }
    return {"ok"};
}

Light checkLight(const TargetStatus& target, const Judged& facts, MissedSlots& slots) {
    auto light = judgeCare(facts.check, lights::kCheck, slots);
    if (facts.damage) {
        const auto evidence =
            facts.damageTask ? std::optional(Evidence{"task", *facts.damageTask}) : std::nullopt;
        const auto at = light.at;
        light = failing("bad", *facts.damage);
        light.at = at;
        light.evidence = evidence;
    } else if (facts.checkLook) {
        light = failing("warning", *facts.checkLook);
        light.at = facts.check.goodAt;
    }
    if (target.mode != "direct")
        return light;
    light.evidence = Evidence{"probe", "check"};
    if (light.state == "none")
        light = lightOf("unknown", "NotYet", "No check has been made yet.");
    return light;
}

void judge(TargetStatus& target, const Judged& facts, MissedSlots& slots) {
    auto& lights = target.lights;
    if (target.disabled) {
        target.status = "disabled";
        return;
    }
    target.isLate = isLate(target, facts, slots);
    target.maxAgeHours = facts.maxAgeHours;
    target.timezone = facts.timezone;
    lights.backup = backupLight(target, facts);
    lights.backup.at = target.lastSnapshot;
    if (target.lastRunId && lights.backup.state != "ok")
        lights.backup.evidence = Evidence{"run", target.lastRunId->toString()};
    else if (target.latestSnapshotId)
        lights.backup.evidence = Evidence{"snapshot", *target.latestSnapshotId};
    lights.retention = judgeCare(facts.retention, lights::kRetention, slots);
    lights.check = checkLight(target, facts, slots);
    lights.restoreTest = judgeCare(facts.restoreTest, lights::kRestoreTest, slots);

    const auto& leading = worst(lights);
    target.status = leading.state == "bad"       ? "unhealthy"
                    : leading.state == "warning" ? "warning"
                    : leading.state == "unknown" ? "unknown"
                                                 : "healthy";
    // Where nothing was ever saved, it is nothing to tell that it was not.
    if (leading.reason && *leading.reason != "NotYet")
        target.error = TargetProblem{*leading.reason, leading.message.value_or(""),
                                     *leading.reason == "BackupFailed" ? facts.runCause : std::nullopt};
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
    }
    if (const auto ofCheck = row.optionalText(first + 7))
        facts.checkLook = TargetProblem{*ofCheck, "The last check did not come to its end: " +
                                                      row.optionalText(first + 8).value_or("")};
}

/// What is done for an agent's target after its backups, from column `first` of a row on.
void readCare(const core::db::Row& row, std::size_t first, Judged& facts) {
    const auto zone = row.optionalText(first).value_or("UTC");
    // since, and of the last one: its task, whether it was good, its message, the last good one and its time.
    const auto work = [&](std::size_t column) {
        CareFacts care;
        care.since = row.optionalInstant(column);
        care.task = row.optionalUuid(column + 1);
        care.good = row.isNull(column + 2) || row.boolean(column + 2);
        care.message = row.optionalText(column + 3);
        care.goodTask = row.optionalUuid(column + 4);
        care.goodAt = row.optionalInstant(column + 5);
        return care;
    };
    const auto scheduleOf = [&](std::size_t column, const char* operation) -> std::optional<Schedule> {
        const auto expression = row.optionalText(column);
        const auto repository = row.optionalUuid(28);
        if (!expression || !repository)
            return std::nullopt;
        return Schedule{*expression, zone, slotKey(*repository, operation)};
    };
    const auto retention = work(first + 6);
    facts.restoreTest = work(first + 12);
    facts.restoreTest.schedule = scheduleOf(first + 3, MaintenancePlan::kVerify);
    facts.check = work(first + 18);
    facts.check.since = retention.since; // from the first snapshot on
    facts.check.schedule = scheduleOf(first + 2, MaintenancePlan::kCheck);
    // Who has nothing to say of what is kept removes nothing.
    if (!row.optionalUuid(7) || row.boolean(30))
        return;
    facts.retention = retention;
    facts.retention.schedule =
        row.boolean(first + 4) ? scheduleOf(first + 1, MaintenancePlan::kForget) : std::nullopt;
    facts.retention.problem = row.optionalText(first + 24);
    if (facts.damage)
        facts.retention.held = "Nothing is removed from a damaged repository.";
    else if (const auto held = row.optionalText(first + 5))
        facts.retention.held = "Nothing is removed after a doubtful backup (" + *held + ").";
}

/// What moves the times of a target's policy, and what is said for its agent alone.
PolicyOptions optionsOfLink(const core::db::Row& row) {
    constexpr std::size_t kOfPolicy = 68, kOfLink = 69;
    PolicyOptions options;
    if (!row.isNull(kOfPolicy))
        options = optionsIn(*jsonOr(row, kOfPolicy, core::json::Object()).object());
    if (!row.isNull(kOfLink))
        options = over(options, optionsIn(*jsonOr(row, kOfLink, core::json::Object()).object()));
    return options;
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
                 optionsOfLink(row),
                 row.optionalText(18),
                 row.integer(22),
                 row.optionalInstant(23),
                 row.optionalText(24),
                 causeOf(jsonOrNull(row, 25)),
                 row.optionalText(26) ? std::optional(TargetProblem{row.text(26), row.text(27)})
                                      : std::nullopt};
    facts.options.timezone = facts.timezone =
        facts.options.timezone ? facts.options.timezone : facts.timezone;
    if (!maxAgeHours && facts.options.maxAgeHours)
        facts.maxAgeHours = facts.options.maxAgeHours;
    target.repositoryId = row.optionalUuid(28);
    target.repositoryBytes = row.optionalInteger(70);
    if (!facts.maxAgeHours)
        facts.maxAgeHours = row.optionalInteger(29);
    if (const auto task = row.optionalUuid(65))
        facts.damageTask = task->toString();
    facts.beganAt = row.instant(67);
    if (const auto test = RestoreTestStore::read(row, 71))
        target.restoreTest = RestoreTestView::of(*test);
    // A schedule that rests is not the one by which its snapshots are made.
    if (target.mode == "direct") {
        if (!facts.maxAgeHours && (!facts.schedule || row.boolean(30)))
            facts.maxAgeHours = std::chrono::duration_cast<std::chrono::hours>(standardAge).count();
        readLooks(row, 31, target, facts, now);
        facts.check.since = facts.beganAt;
        facts.check.goodAt = row.optionalInstant(66);
    } else {
        readCare(row, 40, facts);
        // It is checked from its first snapshot on.
        facts.lostAll = !target.lastSnapshot && facts.check.since &&
                        (target.lastRunStatus == "success" || target.lastRunStatus == "warning");
    }
    judge(target, facts, slots);
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

std::vector<TargetStatus> StatusService::all(Transaction& tx) const {
    return load(tx, "", std::nullopt, std::nullopt);
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
