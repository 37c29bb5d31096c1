#include "tasks/kinds/backup.h"

#include <algorithm>

#include "agents/agent_plugin_store.h"
#include "agents/agent_store.h"
#include "core/text.h"
#include "dumps/dump_of_snapshot.h"
#include "dumps/dump_store.h"
#include "errors.h"
#include "field_rules.h"
#include "lights/evidence_store.h"
#include "policies/plugin_uses.h"
#include "policies/target_store.h"
#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "restic/events.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/task_errors.h"
#include "rows.h"
#include "snapshots/snapshot_discovery.h"
#include "tasks/backup_doubts.h"
#include "tasks/run_store.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;
using protocol::TaskState;

const core::wire::Type& wireType(const BackupParameters*) {
    static const auto type =
        core::wire::object<BackupParameters>("BackupParameters", core::wire::strict)
            .field("sources", &BackupParameters::sources,
                   {.doc = "Instead of the policy's paths",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = 1000,
                    .check = checkAbsolute})
            .field("exclude", &BackupParameters::exclude,
                   {.doc = "Beside the policy's patterns",
                    .optional = true,
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxItems = 1000,
                    .check = checkPattern})
            .field("tags", &BackupParameters::tags,
                   {.optional = true,
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 255,
                    .maxItems = 100,
                    .check = checkTag})
            .field("limit_upload_kib", &BackupParameters::limitUploadKib,
                   {.doc = "Upload at most, in KiB/s", .omitEmpty = true, .min = 1, .max = 100000000})
            .build();
    return type;
}

namespace {
std::vector<std::string> listParameter(const core::json::Value& parameters, std::string_view name) {
    const auto* value = parameters.find(name);
    return value != nullptr ? toStrings(*value) : std::vector<std::string>();
}

/// What a backup is held against.
Expected expectedOf(Transaction& tx, const Task& task) {
    Expected expected;
    if (task.target) {
        expected.lastFiles = TargetStore::lastFiles(tx, *task.target);
        expected.knownUnread = TargetStore::knownUnread(tx, *task.target);
        expected.lastBytes = RunStore::lastBytes(tx, *task.target, task.id);
    }
    if (task.policy)
        if (const auto policy = PolicyStore::findFor(tx, *task.policy, task.agent))
            expected.minSizeBytes = policy->minSizeBytes;
    return expected;
}

/// An agent of before dumps would leave them out without a word.
bool wouldLeaveOut(Transaction& tx, const Task& task, const std::vector<protocol::PluginUse>& plugins) {
    if (plugins.empty())
        return false;
    const auto agent = AgentStore::find(tx, task.agent);
    return !agent || !agent->understands(protocol::features::kDumps);
}

/// An agent of before would save more than it should, or without what prepares it.
bool wouldIgnoreOptions(Transaction& tx, const Task& task, const protocol::BackupTask& own) {
    if (!own.oneFileSystem && !own.preHook && !own.postHook)
        return false;
    const auto agent = AgentStore::find(tx, task.agent);
    return !agent || !agent->understands(protocol::features::kBackupOptions);
}

/// A limit, a name: 0 and "" are said by people who want none.
template <typename T>
std::optional<T> unlessNone(const std::optional<T>& value) {
    return value && *value != T{} ? value : std::nullopt;
}

/// A dump's row among the snapshots.
void recordDump(Transaction& tx, core::event::Bus& events, Snapshot snapshot,
                const protocol::DumpResult& dump, Instant now) {
    snapshot.dumps = documentOf({dump});
    snapshot.ownDump = true;
    if (snapshot.dumps.isNull() || (!dump.snapshotId && !dump.shortId))
        return;
    snapshot.snapshotId = dump.snapshotId ? *dump.snapshotId : dump.shortId->substr(0, 8);
    snapshot.time = dump.time.value_or(now);
    snapshot.paths = {*dump.file};
    snapshot.tags = dump.tags;
    snapshot.fileCount = 1;
    if (dump.bytes)
        snapshot.sizeBytes = static_cast<std::int64_t>(*dump.bytes);
    recordFound(tx, events, std::move(snapshot), now);
}

/// Whether a dump is in the snapshot of the files.
bool isBesideFiles(const protocol::DumpResult& dump, const protocol::BackupResult& files) {
    return (files.snapshotId && dump.snapshotId == files.snapshotId) ||
           (files.shortId && dump.shortId == files.shortId);
}

/// Why nothing old is removed after dumps that were not made, or are doubtful.
std::string doubtsAboutDumps(Transaction& tx, const Task& task, const protocol::BackupResult& result) {
    std::string all;
    const auto known = task.target ? DumpStore::of(tx, *task.target) : std::vector<KnownDump>();
    for (const auto& dump : result.dumps) {
        std::optional<std::string> doubt = doubtAboutSize(dump, known);
        if (dump.state != protocol::dump_state::kSaved)
            doubt = "There is no new dump of " + core::printable(dump.database.value_or("its databases")) +
                    " (" + dump.plugin + ").";
        if (doubt)
            all += (all.empty() ? "" : " ") + *doubt;
    }
    return all;
}
} // namespace

void BackupKind::check(const Task& task, const std::optional<Policy>& policy) const {
    if (!policy && listParameter(task.parameters, "sources").empty())
        throw core::Error(errors::kInvalidParameters,
                          "A backup without a policy needs parameters.sources: the paths to back up.");
}

std::variant<core::json::Object, protocol::TaskError>
BackupKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& policy,
                    protocol::TaskPayload common) const {
    protocol::BackupTask own;
    if (policy) {
        own.sources = policy->includePaths;
        own.exclude = policy->excludePaths;
        own.tags = policy->tags;
        own.retention = policy->retention;
        own.plugins = usesOf(*policy);
        own.limitUploadKib = unlessNone(policy->options.limitUploadKib);
        own.limitDownloadKib = unlessNone(policy->options.limitDownloadKib);
        own.oneFileSystem = policy->options.oneFileSystem.value_or(false);
        own.preHook = unlessNone(policy->options.preHook);
        own.postHook = unlessNone(policy->options.postHook);
    }
    if (auto sources = listParameter(task.parameters, "sources"); !sources.empty()) {
        own.sources = std::move(sources);
        own.plugins.clear(); // what is saved beside the policy's paths is files
    }
    if (wouldLeaveOut(tx, task, own.plugins))
        return protocol::task_errors::make(
            protocol::task_errors::kPluginFailed,
            "The agent is too old for the policy's databases: it would save its files only. Upgrade it.");
    if (wouldIgnoreOptions(tx, task, own))
        return protocol::task_errors::make(
            protocol::task_errors::kUnsupportedTask,
            "The agent is too old for the policy's hooks and for one_file_system: upgrade it.");
    for (auto& pattern : listParameter(task.parameters, "exclude"))
        own.exclude.push_back(std::move(pattern));
    for (auto& tag : listParameter(task.parameters, "tags"))
        own.tags.push_back(std::move(tag));
    if (const auto limit = task.parameters.integerOr("limit_upload_kib"); limit > 0)
        own.limitUploadKib = static_cast<int>(limit);
    if (task.repository)
        if (const auto repository = RepositoryStore::find(tx, *task.repository))
            own.initIfMissing = !PlaceStore::firstSuccess(tx, placeOf(*repository, task.agent));
    return written(std::move(common), std::move(own));
}

bool BackupKind::isOfTarget(const Task& task) const {
    // What is saved beside the policy's paths says nothing about them.
    return listParameter(task.parameters, "sources").empty();
}

void BackupKind::made(Transaction& tx, const Task& task) const {
    RunStore::insert(tx, task);
}

void BackupKind::began(Transaction& tx, const Task& task, Instant now) const {
    RunStore::start(tx, task, now);
}

void BackupKind::willBeTriedAgain(Transaction& tx, const Task& task, Instant now) const {
    RunStore::reset(tx, task, now);
}

void BackupKind::reported(Transaction& tx, const Task& task, const core::json::Value& value,
                          Instant now) const {
    const auto result = resultOf(value);
    if (!task.repository)
        return;
    Snapshot snapshot;
    snapshot.repository = *task.repository;
    snapshot.target = task.target;
    snapshot.policy = task.policy;
    snapshot.run = task.id;
    snapshot.hostname = result.hostname;
    snapshot.username = result.username;
    std::vector<protocol::DumpResult> besideFiles;
    for (const auto& dump : result.dumps)
        if (isBesideFiles(dump, result))
            besideFiles.push_back(dump);
        else
            recordDump(tx, events_, snapshot, dump, now);
    if (!result.snapshotId && !result.shortId)
        return;
    // Eight digits are what restic 0.14 says; the rest is written when it is known.
    snapshot.snapshotId = result.snapshotId ? *result.snapshotId : result.shortId->substr(0, 8);
    snapshot.time = result.time.value_or(result.startedAt.value_or(now));
    snapshot.paths = result.paths;
    snapshot.tags = result.tags;
    snapshot.parent = result.parent;
    snapshot.tree = result.tree;
    snapshot.dumps = documentOf(besideFiles);
    if (result.totalFilesProcessed)
        snapshot.fileCount = static_cast<std::int64_t>(*result.totalFilesProcessed);
    if (result.totalBytesProcessed)
        snapshot.sizeBytes = static_cast<std::int64_t>(*result.totalBytesProcessed);
    recordFound(tx, events_, std::move(snapshot), now);
}

void BackupKind::judge(Transaction& tx, const Task& task, TaskEnd& end, Instant now) const {
    if (end.state != TaskState::success && end.state != TaskState::warning)
        return;
    const auto result = resultOf(end.result);
    auto doubts = doubtsAbout(result, expectedOf(tx, task), now);
    const auto known = task.target ? DumpStore::of(tx, *task.target) : std::vector<KnownDump>();
    for (const auto& dump : result.dumps)
        if (const auto doubt = doubtAboutSize(dump, known))
            doubts += (doubts.empty() ? "" : " ") + *doubt;
    if (!doubts.empty()) {
        end.state = TaskState::warning;
        end.message = std::move(doubts);
    }
}

void BackupKind::ended(Transaction& tx, const Task& task, const TaskEnd& end, Instant now) const {
    const auto result = resultOf(end.result);
    const std::string status(protocol::toText(end.state));
    RunStore::finish(tx, task, status, end.message, result, now);
    if (task.target) {
        LastRun run;
        run.run = task.id;
        run.status = status;
        run.message = end.message;
        run.startedAt = task.startedAt.value_or(task.createdAt);
        run.endedAt = now;
        // What later runs are held against; a run that saved nothing is no measure.
        if (result.totalFilesProcessed.value_or(0) > 0)
            run.files = static_cast<std::int64_t>(*result.totalFilesProcessed);
        run.unreadCount = static_cast<std::int64_t>(result.unreadCount);
        run.unreadFiles = unreadFiles(result);
        run.saysNothing = end.state == TaskState::cancelled;
        if (end.state == TaskState::success || end.state == TaskState::warning)
            run.heldBecause = reasonsToHold(result, expectedOf(tx, task), now);
        else
            run.heldBecause = end.message.value_or("the last backup failed");
        if (const auto doubts = doubtsAboutDumps(tx, task, result);
            !doubts.empty() && run.heldBecause.find(doubts) == std::string::npos)
            run.heldBecause += (run.heldBecause.empty() ? "" : " ") + doubts;
        for (const auto& dump : result.dumps) {
            DumpStore::record(tx, *task.target, dump, now);
            if (AgentPluginStore::can(tx, task.agent, dump.plugin, "verify"))
                EvidenceStore::expect(tx, *task.target, EvidenceStore::kRestoreTest, now);
        }
        if (end.state == TaskState::success || end.state == TaskState::warning)
            DumpStore::keepOnly(tx, *task.target, result.dumps);
        TargetStore::recordRun(tx, *task.target, run);
    }
    events::BackupCompleted completed;
    completed.tenant = task.tenant;
    completed.run = task.id;
    completed.agent = task.agent;
    completed.target = task.target;
    completed.policy = task.policy;
    completed.status = status;
    completed.snapshotId = snapshotOf(end.result);
    completed.error = end.error.value_or("");
    completed.message = end.message.value_or("");
    completed.attempts = task.attempt;
    completed.at = now;
    if (const auto run = RunStore::find(tx, task.id)) {
        completed.agentHostname = run->agentHostname;
        completed.targetName = run->targetName.value_or("");
        completed.policyName = run->policyName.value_or("");
    }
    events_.publishWith(tx, completed);
}

std::vector<core::Problem> BackupKind::problemsOfResult(const core::json::Value& value) const {
    auto problems = TypedKind::problemsOfResult(value);
    if (!problems.empty())
        return problems;
    const auto result = resultOf(value);
    if (result.snapshotId && result.shortId && !result.snapshotId->starts_with(*result.shortId))
        problems.push_back({"/short_id", "must be the beginning of snapshot_id"});
    if (result.startedAt && result.endedAt && *result.endedAt < *result.startedAt)
        problems.push_back({"/ended_at", "must not be before started_at"});
    return problems;
}

bool BackupKind::provesRepository(const core::json::Value& value) const {
    return !snapshotOf(value).empty(); // without one it may have found no repository at all
}

std::string BackupKind::snapshotOf(const core::json::Value& value) const {
    const auto result = resultOf(value);
    auto id = result.snapshotId.value_or(result.shortId.value_or(""));
    for (const auto& dump : result.dumps) // of databases alone
        if (id.empty())
            id = dump.snapshotId.value_or(dump.shortId.value_or(""));
    return id;
}

} // namespace restic
