#include "tasks/snapshot_verify.h"

#include "core/wire.h"
#include "errors.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/kinds/verify.h"
#include "tasks/snapshot_agent.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

TaskRequest requestVerify(Transaction& tx, const Uuid& id, const std::optional<Uuid>& agent,
                          const protocol::VerifyParameters& parameters) {
    const auto snapshot = requireSnapshot(tx, id);
    if (snapshot.ownDump)
        throw core::Error(errors::kIsADump,
                          "The snapshot " + snapshot.shortId + " is the dump of a database and no files.");
    const auto chosen = requireAgentOf(tx, snapshot, requireRepositoryOf(tx, snapshot), agent);
    VerifyRequest request;
    static_cast<protocol::VerifyParameters&>(request) = parameters;
    request.snapshot = id;
    TaskRequest wanted;
    wanted.type = protocol::kinds::verify.name;
    wanted.agent = chosen;
    wanted.repository = snapshot.repository;
    wanted.parameters = core::wire::toJson(request);
    return wanted;
}

} // namespace restic
