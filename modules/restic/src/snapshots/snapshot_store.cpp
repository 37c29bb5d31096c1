#include "snapshots/snapshot_store.h"

#include "core/db/table.h"
#include "core/http/list_query.h"
#include "id_list.h"
#include "policies/policy_store.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
using core::db::column;
using core::db::Use;

const core::db::Table<Snapshot>& table() {
    static const core::db::Table<Snapshot> columns(
        "restic_snapshots", {column("id", &Snapshot::id, Use::fixed),
                             column("repository_id", &Snapshot::repository, Use::fixed),
                             column("target_id", &Snapshot::target),
                             column("policy_id", &Snapshot::policy),
                             column("backup_run_id", &Snapshot::run),
                             column("snapshot_id", &Snapshot::snapshotId),
                             column("short_id", &Snapshot::shortId),
                             column("time_us", &Snapshot::time),
                             column("hostname", &Snapshot::hostname),
                             column("username", &Snapshot::username),
                             column("paths", &Snapshot::paths),
                             column("tags", &Snapshot::tags),
                             column("parent", &Snapshot::parent),
                             column("tree", &Snapshot::tree),
                             column("source", &Snapshot::source),
                             column("file_count", &Snapshot::fileCount),
                             column("size_bytes", &Snapshot::sizeBytes),
                             column("dumps", &Snapshot::dumps),
                             column("own_dump", &Snapshot::ownDump),
                             column("removed_at_us", &Snapshot::removedAt, Use::readOnly),
                             column("created_at_us", &Snapshot::recordedAt, Use::insertOnly)});
    return columns;
}

/// A path and all folders above it.
std::vector<std::string> upwards(const std::string& path) {
    std::vector<std::string> out{path};
    for (auto slash = path.rfind('/'); slash != std::string::npos && path != "/";
         slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1))
        out.push_back(slash == 0 ? "/" : path.substr(0, slash));
    return out;
}

/// That a column with a list of texts has one of those in the parameter "?".
std::string hasOneOf(const Transaction& tx, const std::string& column) {
    return "EXISTS (SELECT 1 FROM " +
           (tx.dialect() == core::db::Dialect::postgresql
                ? "jsonb_array_elements_text(" + column + ") AS e(value)"
                : "json_each(" + column + ") AS e") +
           " WHERE e.value IN " + textsIn(tx, "?") + ")";
}
} // namespace

bool SnapshotStore::insert(Transaction& tx, const Snapshot& s, core::Instant now) {
    const bool whole = s.snapshotId != s.shortId;
    // The same snapshot in eight digits, or in all of them. Two questions: one with OR would read all of the
    // repository's.
    auto known = tx.query("SELECT id, snapshot_id FROM restic_snapshots WHERE tenant_id = $1 AND "
                          "repository_id = $2 AND snapshot_id = $3",
                          {tx.tenant(), s.repository, s.shortId});
    if (known.empty() && s.run)
        known = tx.query("SELECT id, snapshot_id FROM restic_snapshots WHERE tenant_id = $1 AND "
                         "repository_id = $2 AND backup_run_id = $3 AND short_id = $4",
                         {tx.tenant(), s.repository, *s.run, s.shortId});
    if (!known.empty()) {
        if (whole && known[0].text(1) == s.shortId)
            tx.execute("UPDATE restic_snapshots SET snapshot_id = $3 WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), known[0].uuid(0), s.snapshotId});
        return false;
    }
    return insertUnknown(tx, s, now);
}

bool SnapshotStore::insertUnknown(Transaction& tx, Snapshot snapshot, core::Instant now) {
    snapshot.recordedAt = now;
    return table().insert(tx, snapshot, "ON CONFLICT (tenant_id, repository_id, snapshot_id) DO NOTHING");
}

std::optional<core::Instant> SnapshotStore::recordedAt(Transaction& tx, const Uuid& repository,
                                                       const std::string& snapshotId) {
    const auto rows =
        tx.query("SELECT created_at_us FROM restic_snapshots WHERE tenant_id = $1 AND repository_id = $2 "
                 "AND snapshot_id = $3",
                 {tx.tenant(), repository, snapshotId});
    return rows.empty() ? std::nullopt : std::optional(rows[0].instant(0));
}

bool SnapshotStore::claim(Transaction& tx, const Snapshot& s) {
    if (!s.run)
        return false;
    const bool whole = s.snapshotId != s.shortId;
    return tx.execute(
               "UPDATE restic_snapshots SET backup_run_id = $5, policy_id = $6, target_id = $7, dumps = $8, "
               "own_dump = $9, removed_at_us = NULL WHERE tenant_id = $1 AND repository_id = $2 AND "
               "snapshot_id " +
                   std::string(whole ? "= $3" : "LIKE $3") +
                   " AND short_id = $4 AND backup_run_id IS NULL AND source = 'direct_poll'",
               {tx.tenant(), s.repository, whole ? s.snapshotId : s.shortId + "%", s.shortId, *s.run,
                s.policy, s.target, s.dumps.isNull() ? core::db::Param(nullptr) : core::db::Param(s.dumps),
                s.ownDump}) > 0;
}

std::map<std::string, SnapshotStore::Confirmed>
SnapshotStore::confirm(Transaction& tx, const Uuid& repository, const std::vector<std::string>& snapshotIds,
                       core::Instant now) {
    constexpr std::size_t kShort = 8;
    std::map<std::string, std::string> byBeginning;
    auto looked = snapshotIds;
    for (const auto& id : snapshotIds)
        if (id.size() > kShort && byBeginning.emplace(id.substr(0, kShort), id).second)
            looked.push_back(id.substr(0, kShort));
    const std::string ofThese =
        " WHERE tenant_id = $1 AND repository_id = $2 AND snapshot_id IN " + textsIn(tx, "$3");
    const core::db::Param list = textList(looked);
    const auto rows =
        tx.query("SELECT id, snapshot_id, removed_at_us, target_id FROM restic_snapshots" + ofThese,
                 {tx.tenant(), repository, list});
    if (rows.empty())
        return {};
    tx.execute("UPDATE restic_snapshots SET listed_at_us = $4, removed_at_us = NULL" + ofThese,
               {tx.tenant(), repository, list, now});
    std::map<std::string, Confirmed> known;
    for (const auto& row : rows)
        known[row.text(1)] = {!row.isNull(2), row.optionalUuid(3)};
    for (const auto& row : rows) {
        const auto whole = byBeginning.find(row.text(1));
        if (whole == byBeginning.end() || known.contains(whole->second))
            continue;
        tx.execute("UPDATE restic_snapshots SET snapshot_id = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), row.uuid(0), whole->second});
        known[whole->second] = known[row.text(1)];
    }
    return known;
}

std::optional<std::string> SnapshotStore::fullId(Transaction& tx, const Uuid& repository,
                                                 const std::string& beginning) {
    // Behind all ids that begin so: their digits end with f.
    const auto rows =
        tx.query("SELECT snapshot_id FROM restic_snapshots WHERE tenant_id = $1 AND repository_id = $2 "
                 "AND snapshot_id >= $3 AND snapshot_id < $4 AND removed_at_us IS NULL LIMIT 2",
                 {tx.tenant(), repository, beginning, beginning + "g"});
    return rows.size() == 1 ? std::optional(rows[0].text(0)) : std::nullopt;
}

std::map<Uuid, std::string> SnapshotStore::present(Transaction& tx, const Uuid& repository,
                                                   const std::vector<Uuid>& ids) {
    std::map<Uuid, std::string> out;
    // A question for each: of a join PostgreSQL might read the whole table.
    for (const auto& row :
         tx.query("SELECT these.id, (SELECT s.snapshot_id FROM restic_snapshots s WHERE s.tenant_id = $1 AND "
                  "s.id = these.id AND s.repository_id = $2 AND s.removed_at_us IS NULL LIMIT 1) FROM " +
                      idsIn(tx, "$3") + " these",
                  {tx.tenant(), repository, idList(ids)}))
        if (const auto id = row.optionalText(1))
            out[row.uuid(0)] = *id;
    return out;
}

std::map<std::string, Uuid> SnapshotStore::rowsOf(Transaction& tx, const Uuid& repository,
                                                  const std::vector<std::string>& snapshotIds) {
    std::map<std::string, Uuid> out;
    for (const auto& row : tx.query(
             "SELECT snapshot_id, id FROM restic_snapshots WHERE tenant_id = $1 AND repository_id = $2 AND "
             "removed_at_us IS NULL AND snapshot_id IN " +
                 textsIn(tx, "$3"),
             {tx.tenant(), repository, textList(snapshotIds)}))
        out[row.text(0)] = row.uuid(1);
    return out;
}

std::optional<Snapshot> SnapshotStore::find(Transaction& tx, const Uuid& id) {
    return table().readFirst(
        tx.query(table().select() + " WHERE tenant_id = $1 AND id = $2", {tx.tenant(), id}));
}

std::vector<Snapshot> SnapshotStore::list(Transaction& tx, const Filter& filter,
                                          const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.whereNull("removed_at_us");
    if (filter.target)
        query.where("target_id = ?", *filter.target);
    if (filter.repository)
        query.where("repository_id = ?", *filter.repository);
    if (filter.run)
        query.where("backup_run_id = ?", *filter.run);
    if (filter.policy)
        query.where("policy_id = ?", *filter.policy);
    if (filter.dumps && *filter.dumps)
        query.whereNotNull("dumps");
    else if (filter.dumps)
        query.where("own_dump = ?", false);
    if (filter.hostname)
        query.where("hostname = ?", *filter.hostname);
    if (filter.tag)
        query.where(hasOneOf(tx, "tags"), textList({*filter.tag}));
    if (filter.path)
        query.where(hasOneOf(tx, "paths"), textList(upwards(*filter.path)));
    if (filter.from)
        query.where("time_us >= ?", *filter.from);
    if (filter.until)
        query.where("time_us <= ?", *filter.until);
    query.page("time_us", page);
    return table().readAll(query.run(tx));
}

} // namespace restic
