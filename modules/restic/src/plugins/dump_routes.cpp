#include "agents/agent_store.h"
#include "core/text.h"
#include "dumps/dump_of_snapshot.h"
#include "errors.h"
#include "plugins/plugin_routes.h"
#include "plugins/plugin_views.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/plugins.h"
#include "tasks/kinds/restore.h"
#include "tasks/snapshot_restore.h"
#include "tasks/snapshot_verify.h"
#include "tasks/task_store.h"
#include "tasks/task_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
struct Dump {
    Snapshot snapshot;
    DumpOfSnapshot dump;
    /// The one that made it.
    std::optional<core::Uuid> agent;
};

std::string named(const std::vector<DumpOfSnapshot>& dumps) {
    constexpr std::size_t kMost = 10;
    std::string out;
    for (std::size_t i = 0; i < dumps.size() && i < kMost; ++i)
        out += (i == 0 ? "" : ", ") + core::printable(dumps[i].database) + " (" + dumps[i].plugin + ")";
    return dumps.size() > kMost ? out + ", …" : out;
}

Dump requireDump(Transaction& tx, const core::Uuid& id, const DumpChoice& choice) {
    auto snapshot = SnapshotStore::find(tx, id);
    if (!snapshot || snapshot->removedAt)
        throw core::Error(errors::kSnapshotNotFound,
                          "There is no snapshot with the id " + id.toString() + ".");
    const auto dumps = dumpsIn(snapshot->dumps);
    if (dumps.empty())
        throw core::Error(errors::kNotADump, "The snapshot " + snapshot->shortId +
                                                 " holds files; there is no dump of a database in it. To "
                                                 "restore files say target or in_place.");
    auto dump = chosenOf(dumps, choice);
    if (!dump)
        throw core::wire::validationError(
            {{"/dump", "must say which dump of the snapshot is meant: " + named(dumps)}});
    std::optional<core::Uuid> agent;
    if (snapshot->run)
        if (const auto task = TaskStore::find(tx, *snapshot->run))
            agent = task->agent;
    return {std::move(*snapshot), std::move(*dump), agent};
}

DumpParameters parametersOf(const core::Uuid& snapshot, const DumpOfSnapshot& dump) {
    DumpParameters out;
    out.snapshot = snapshot;
    out.plugin = dump.plugin;
    out.dumpSet = dump.set.value_or(protocol::kDefaultSettings);
    out.database = dump.database;
    return out;
}

/// A task on a dump, by the agent that was named or the one that made it.
TaskRequest requestFor(const protocol::TaskKind& kind, const Dump& dump,
                       const std::optional<core::Uuid>& named, const DumpParameters& parameters) {
    const auto agent = named ? named : dump.agent;
    if (!agent)
        throw core::wire::validationError(
            {{"/agent_id", "is required: which agent made the dump is not known"}});
    TaskRequest wanted;
    wanted.type = kind.name;
    wanted.agent = *agent;
    wanted.repository = dump.snapshot.repository;
    wanted.parameters = core::wire::toJson(parameters);
    return wanted;
}

Outcome restoreFiles(const PluginRoutes& routes, Request& request, const core::Uuid& id,
                     const RestoreInput& input) {
    if (auto problems = input.problemsBesideFiles(); !problems.empty())
        throw core::wire::validationError(std::move(problems));
    return routes.database.transact(request.tenant(), [&](Transaction& tx) {
        const auto wanted = requestRestore(tx, id, input.agentId, input);
        const auto task = routes.tasks.create(tx, wanted);
        const auto asked = core::wire::read<RestoreRequest>(task.parameters).value();
        auto& entry = request.audit().entry;
        entry.action = "restic.snapshot.restored";
        request.audit().object("snapshot", id.toString());
        entry.after = core::json::Object{{"task_id", task.id.toString()},
                                         {"agent_id", wanted.agent.toString()},
                                         {"to", asked.target.value_or("in place")},
                                         {"paths", static_cast<std::int64_t>(asked.paths.size())},
                                         {"overwrite", asked.overwrite.value_or("always")},
                                         {"dry_run", asked.dryRun}};
        return request.keep(Response::of(TaskStarted::of(task), 202));
    });
}

/// Files are tried where it says how much of them, or where the snapshot holds nothing else.
bool triesFiles(Transaction& tx, const core::Uuid& id, const VerifyInput& input) {
    if (input.sharePercent) {
        if (input.isOfDump())
            throw core::wire::validationError(
                {{"/share_percent", "is for files and not for the dump of a database"}});
        return true;
    }
    const auto snapshot = SnapshotStore::find(tx, id);
    return !input.isOfDump() && snapshot && dumpsIn(snapshot->dumps).empty();
}

Outcome verifyFiles(const PluginRoutes& routes, Request& request, Transaction& tx, const core::Uuid& id,
                    const VerifyInput& input) {
    protocol::VerifyParameters parameters;
    parameters.sharePercent = input.sharePercent.value_or(protocol::VerifyParameters::kDefaultShare);
    const auto wanted = requestVerify(tx, id, input.agentId, parameters);
    const auto task = routes.tasks.create(tx, wanted);
    auto& entry = request.audit().entry;
    entry.action = "restic.snapshot.verified";
    request.audit().object("snapshot", id.toString());
    entry.after = core::json::Object{{"task_id", task.id.toString()},
                                     {"agent_id", wanted.agent.toString()},
                                     {"share_percent", parameters.sharePercent}};
    return request.keep(Response::of(TaskStarted::of(task), 202));
}
} // namespace

void PluginRoutes::addDumpsTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.plugins.read", Role::viewer);
    const auto restore = Permission::role("restic.snapshots.restore", Role::operator_);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents/{id}/dumps",
                      .summary = "The databases that the agent dumps, each with how old its last dump is",
                      .permission = read,
                      .response = &typeOf<AgentDumps>(),
                      .errors = {&errors::kAgentNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kAgentNotFound);
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              if (!AgentStore::find(tx, id))
                                  throw core::Error(errors::kAgentNotFound,
                                                    "There is no agent with the id " + id.toString() + ".");
                              AgentDumps out;
                              for (const auto& known : DumpStore::ofAgent(tx, id))
                                  out.items.push_back({known.target, known.policy, known.dump.plugin,
                                                       known.dump.set, known.dump.database, known.dump.state,
                                                       known.dump.error, known.snapshot,
                                                       known.dump.recentBytes.empty()
                                                           ? std::nullopt
                                                           : std::optional(known.dump.recentBytes.front()),
                                                       known.dump.lastSavedAt, known.dump.lastTriedAt,
                                                       known.dump.verifiedAt, known.dump.verifyError});
                              return out;
                          }));
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/snapshots/{id}/restore",
         .summary =
             "Bring files of a snapshot back to a machine (target or in_place), or a database from its dump: "
             "to the server it came from or another, under its name or another",
         .permission = restore,
         .audit = Audit::action("restic.dump.restored"),
         .request = &typeOf<RestoreInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kSnapshotNotFound, &errors::kNotADump, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder, &errors::kInvalidParameters, &errors::kRepositoryNotFound,
                    &errors::kIsADump},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
             const auto input = request.json<RestoreInput>();
             if (input.isOfFiles())
                 return restoreFiles(s, request, id, input);
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto dump = requireDump(tx, id, {input.plugin, input.dumpSet, input.dump});
                 auto parameters = parametersOf(id, dump.dump);
                 parameters.set = input.set;
                 parameters.as = input.database;
                 parameters.replace = input.replace;
                 const auto wanted =
                     requestFor(protocol::kinds::restoreDump, dump, input.agentId, parameters);
                 const auto task = s.tasks.create(tx, wanted);
                 if (input.destination)
                     s.settings.keep(tx, task.id, *input.destination);
                 request.audit().object("snapshot", id.toString());
                 request.audit().entry.after =
                     core::json::Object{{"task_id", task.id.toString()},
                                        {"plugin", dump.dump.plugin},
                                        {"database", dump.dump.database},
                                        {"as", input.database.value_or(dump.dump.database)},
                                        {"replace", input.replace},
                                        {"agent_id", wanted.agent.toString()},
                                        {"other_server", input.destination.has_value()}};
                 return request.keep(Response::of(TaskStarted::of(task), 202));
             });
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/snapshots/{id}/verify",
         .summary =
             "Try a snapshot: a part of its files is restored into a folder of the agent's own, compared and "
             "removed; or a dump, which its agent restores into a server that it starts for that, and counts "
             "the rows",
         .permission = restore,
         .audit = Audit::action("restic.dump.verified"),
         .request = &typeOf<VerifyInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kSnapshotNotFound, &errors::kNotADump, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder, &errors::kInvalidParameters, &errors::kRepositoryNotFound,
                    &errors::kIsADump},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
             const auto input = request.json<VerifyInput>();
             return s.database.transact(request.tenant(), [&](Transaction& tx) -> Outcome {
                 if (triesFiles(tx, id, input))
                     return verifyFiles(s, request, tx, id, input);
                 const auto dump = requireDump(tx, id, {input.plugin, input.dumpSet, input.dump});
                 const auto task = s.tasks.create(tx, requestFor(protocol::kinds::verifyDump, dump,
                                                                 input.agentId, parametersOf(id, dump.dump)));
                 request.audit().object("snapshot", id.toString());
                 request.audit().entry.after =
                     core::json::Object{{"task_id", task.id.toString()}, {"database", dump.dump.database}};
                 return request.keep(Response::of(TaskStarted::of(task), 202));
             });
         }});
}

} // namespace restic
