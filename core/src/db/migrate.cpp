#include "core/db/migrate.h"

#include <algorithm>
#include <map>
#include <regex>

#include <fmt/format.h>

#include "core_migrations.h"
#include "db/foreign.h"
#include "db/migration_session.h"
#include "fault/failpoint.h"

namespace core::db {

namespace {

constexpr auto kLedgerDdl =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "module TEXT NOT NULL, version INTEGER NOT NULL, description TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (module, version))";

MigrationTarget& targetOf(Database& database) {
    auto* target = dynamic_cast<MigrationTarget*>(&database);
    if (target == nullptr)
        throw Error(errors::kInternal, "This database cannot be migrated");
    return *target;
}

std::vector<AppliedMigration> readLedger(MigrationSession& session) {
    std::vector<AppliedMigration> ledger;
    if (!session.hasLedger())
        return ledger;
    for (const auto& row : session.query("SELECT module, version, description, checksum, applied_at "
                                         "FROM schema_migrations ORDER BY module, version",
                                         {}))
        ledger.push_back(
            {row.text(0), static_cast<int>(row.integer(1)), row.text(2), row.text(3), row.instant(4)});
    return ledger;
}

std::string versionName(int version) {
    return fmt::format("V{:04}", version);
}

std::vector<const Migration*> sorted(const ModuleMigrations& module) {
    std::vector<const Migration*> list;
    list.reserve(module.list.size());
    for (const auto& migration : module.list)
        list.push_back(&migration);
    std::sort(list.begin(), list.end(), [](auto* a, auto* b) { return a->version < b->version; });
    for (std::size_t i = 1; i < list.size(); ++i)
        if (list[i]->version == list[i - 1]->version)
            throw Error(kMigrationRefused, fmt::format("Module {} has two migrations {}", module.module,
                                                       versionName(list[i]->version)));
    return list;
}

/// What of one module waits, after comparing what it has with what the ledger says.
std::vector<const Migration*> pendingOf(const ModuleMigrations& module,
                                        const std::vector<AppliedMigration>& ledger) {
    const auto list = sorted(module);
    std::map<int, const AppliedMigration*> done;
    for (const auto& row : ledger)
        if (row.module == module.module)
            done.emplace(row.version, &row);

    const int newest = list.empty() ? 0 : list.back()->version;
    std::string newer;
    for (const auto& [version, row] : done)
        if (version > newest)
            newer +=
                fmt::format("{}{} ({})", newer.empty() ? "" : ", ", versionName(version), row->description);
    if (!newer.empty())
        throw Error(
            kMigrationRefused,
            fmt::format(
                "The database is newer than this binary: it has {} of module {}, this binary knows the "
                "module up to {}. Start a binary that is at least as new, or restore the backup of the "
                "database that was taken before the upgrade",
                newer, module.module, versionName(newest)));

    std::vector<const Migration*> pending;
    const int highest = done.empty() ? 0 : done.rbegin()->first;
    for (const auto* migration : list) {
        const auto at = done.find(migration->version);
        if (at != done.end()) {
            if (at->second->checksum != migration->checksum)
                throw Error(
                    kMigrationRefused,
                    fmt::format(
                        "Migration {} ({}) of module {} has changed since it was applied: the database "
                        "has checksum {:.12}, this binary {:.12}. An applied migration must never be "
                        "edited; use the released file and put the change into a new migration",
                        versionName(migration->version), migration->description, module.module,
                        at->second->checksum, migration->checksum));
            done.erase(at);
        } else if (migration->version < highest) {
            throw Error(kMigrationRefused,
                        fmt::format("Migration {} ({}) of module {} was never applied, but the later {} was: "
                                    "migrations are applied in order. Give the new one a higher number",
                                    versionName(migration->version), migration->description, module.module,
                                    versionName(highest)));
        } else {
            pending.push_back(migration);
        }
    }
    if (!done.empty())
        throw Error(
            kMigrationRefused,
            fmt::format("The database has migration {} ({}) of module {}, which this binary does not have. "
                        "Start the binary that applied it, or one that follows it",
                        versionName(done.begin()->first), done.begin()->second->description, module.module));
    return pending;
}

/// Before the first migration of a module: refuses a database in which its tables are there already, made by
/// something else.
void refuseForeign(MigrationSession& session, const ModuleMigrations& module,
                   const std::vector<AppliedMigration>& ledger) {
    const auto known = [&](const std::vector<AppliedMigration>& rows) {
        return std::any_of(rows.begin(), rows.end(),
                           [&](const auto& row) { return row.module == module.module; });
    };
    if (known(ledger))
        return;
    static const std::regex kCreates(R"(\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+))",
                                     std::regex::icase | std::regex::optimize);
    for (const auto& migration : module.list)
        for (std::sregex_iterator at(migration.sql.begin(), migration.sql.end(), kCreates), end; at != end;
             ++at)
            // Another host may have made it a moment ago, together with its row in the ledger.
            if (const auto table = (*at)[1].str(); session.hasTable(table) && !known(readLedger(session)))
                throw Error(
                    kMigrationRefused,
                    fmt::format("The database holds a table {} that is not of module {}: it belongs to "
                                "something else, and nothing was changed. Name an empty database",
                                table, module.module));
}

class Rollback {
public:
    explicit Rollback(MigrationSession& session) : session_(session) { session_.begin(); }
    ~Rollback() {
        if (!done_)
            session_.rollback();
    }
    Rollback(const Rollback&) = delete;
    Rollback& operator=(const Rollback&) = delete;
    void commit() {
        session_.commit();
        done_ = true;
    }

private:
    MigrationSession& session_;
    bool done_ = false;
};

/// False if another runner was faster.
bool applyOne(MigrationSession& session, const std::string& module, const Migration& migration, Instant now) {
    try {
        Rollback transaction(session);
        if (!session
                 .query("SELECT 1 FROM schema_migrations WHERE module = $1 AND version = $2",
                        {module, migration.version})
                 .empty())
            return false;
        session.script(migration.sql);
        if (!session.inTransaction())
            throw Error(
                errors::kInternal,
                fmt::format(
                    "Migration {} ({}) of module {} ends its transaction itself, which a migration must "
                    "not do: what it did is kept, without a row in schema_migrations, and has to be "
                    "repaired by hand",
                    versionName(migration.version), migration.description, module));
        session.query("INSERT INTO schema_migrations (module, version, description, checksum, applied_at) "
                      "VALUES ($1, $2, $3, $4, $5)",
                      {module, migration.version, migration.description, migration.checksum, now});
        const auto subject =
            fault::armed() ? fmt::format("migration {}/{}", module, migration.version) : std::string();
        fault::reach("before-commit", subject);
        transaction.commit();
        fault::reach("after-commit", subject);
        return true;
    } catch (const Error& error) {
        if (error.name() != kMigrationRefused.name)
            throw;
        throw Error(kMigrationRefused,
                    fmt::format("Migration {} ({}) of module {} failed and nothing of it was applied: {}",
                                versionName(migration.version), migration.description, module, error.what()));
    }
}

} // namespace

ModuleMigrations coreMigrations(Dialect dialect) {
    return {"core", core_migrations(dialect)};
}

void refuseForeignDatabase(Database& database, const std::vector<ModuleMigrations>& modules) {
    const auto session = targetOf(database).openMigrationSession();
    const auto ledger = readLedger(*session);
    for (const auto& module : modules)
        refuseForeign(*session, module, ledger);
}

std::vector<AppliedMigration> appliedMigrations(Database& database) {
    return readLedger(*targetOf(database).openMigrationSession());
}

std::vector<MigrationStep> planMigrations(Database& database, const std::vector<ModuleMigrations>& modules) {
    const auto session = targetOf(database).openMigrationSession();
    const auto ledger = readLedger(*session);
    std::vector<MigrationStep> steps;
    for (const auto& module : modules)
        refuseForeign(*session, module, ledger);
    for (const auto& module : modules)
        for (const auto* migration : pendingOf(module, ledger))
            steps.push_back({module.module, migration->version, migration->description});
    return steps;
}

std::vector<MigrationStep> applyMigrations(Database& database, const std::vector<ModuleMigrations>& modules,
                                           const std::function<void(const MigrationStep&)>& progress) {
    auto& target = targetOf(database);
    const auto session = target.openMigrationSession();
    session->prepare();
    session->script(kLedgerDdl);
    // Every module is judged before any is changed.
    const auto ledger = readLedger(*session);
    for (const auto& module : modules)
        refuseForeign(*session, module, ledger);
    std::vector<std::pair<const ModuleMigrations*, std::vector<const Migration*>>> pending;
    pending.reserve(modules.size());
    for (const auto& module : modules)
        pending.emplace_back(&module, pendingOf(module, ledger));

    std::vector<MigrationStep> done;
    for (const auto& [module, list] : pending) {
        for (const auto* migration : list) {
            if (!applyOne(*session, module->module, *migration, target.clock().now()))
                continue;
            done.push_back({module->module, migration->version, migration->description});
            if (progress)
                progress(done.back());
        }
    }
    return done;
}

} // namespace core::db
