#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "kept_dump.h"
#include "quoting.h"
#include "row_counts.h"
#include "table_queries.h"
#include "throwaway.h"
#include "trial.h"

namespace docker {
namespace {
constexpr std::size_t kMostContents = std::size_t{256} << 20U;
constexpr std::size_t kTablesAtOnce = 500;

postgres::Archive archiveIn(int dump) {
    std::string head;
    for (std::size_t size = 1U << 20U; size <= kMostContents; size *= 4) {
        head.resize(size);
        std::size_t have = 0;
        for (ssize_t count = 1; have < size && count > 0; have += static_cast<std::size_t>(count))
            if (count = ::pread(dump, head.data() + have, size - have, static_cast<off_t>(have)); count < 0)
                throw Failure("The dump that was kept cannot be read again");
        head.resize(have);
        if (auto archive = postgres::readArchive(head))
            return *std::move(archive);
        if (have < size)
            throw Failure(have == 0 ? "The dump is empty"
                                    : "The dump is not complete: it ends within its table of contents",
                          "Choose another snapshot");
    }
    throw Failure("The dump's table of contents is larger than this plugin reads",
                  "Restore it by hand with pg_restore");
}

/// A superuser that the dump does not name.
std::string superuserBeside(const std::set<std::string>& roles) {
    std::string name = "verifier";
    while (roles.contains(name))
        name += "_";
    return name;
}

void createRoles(const Database& database, const std::set<std::string>& roles,
                 const std::set<std::string>& superusers) {
    std::string statements;
    for (const auto& role : roles)
        if (!role.starts_with("pg_")) // the server's own
            statements += "CREATE ROLE " + postgres::identifier(role) +
                          (superusers.contains(role) ? " SUPERUSER;\n" : ";\n");
    if (!statements.empty())
        (void)database.sql(statements);
}

void createDatabase(const Database& database, const postgres::Archive& archive, Trial& trial) {
    const std::string create = std::string("CREATE DATABASE ") + kRestored;
    const auto options = archive.databaseOptions();
    try {
        (void)database.sql(create + (options.empty() ? " TEMPLATE = template0" : options) + ";");
    } catch (const Failure& failure) {
        trial.warnings.push_back(std::string("Tried with another sort order than the database has: ") +
                                 failure.what());
        (void)database.sql(create + " TEMPLATE = template0;");
    }
}

ExecCommand withOption(ExecCommand command, const std::string& option) {
    command.arguments.insert(command.arguments.begin() + 1, option);
    return command;
}

postgres::RowCounts expectedIn(const Step& step, const Engine& engine, const Database& database, int dump) {
    postgres::CopyCounter counter;
    // Its output by name: what "-" means depends on the version.
    loadKept(step, engine, database, {{"pg_restore", "--data-only", "--file=/dev/stdout"}}, dump,
             [&](std::string_view piece) { counter.take(piece); });
    if (counter.unfinished())
        throw Failure("The dump cannot be read to its end: it ends within a table");
    auto out = counter.counts();
    // Those get rows of their own when the extension is made.
    for (const auto& row : database.rows(postgres::kTablesOfExtensions, kRestored, 1))
        out.erase(row[0]);
    return out;
}

void count(const Step& step, const Database& database, Trial& trial) {
    std::vector<std::string> tables;
    for (const auto& row : database.rows(postgres::kTables, kRestored, 2))
        if (row[1] != "t")
            tables.push_back(row[0]);
    const std::set<std::string> there(tables.begin(), tables.end());
    for (const auto& [table, rows] : trial.expected) // should the dump call one differently
        if (!there.contains(table))
            tables.push_back(table);
    for (std::size_t at = 0; at < tables.size();) {
        std::string queries;
        for (const auto end = std::min(tables.size(), at + kTablesAtOnce); at < end; ++at)
            queries +=
                "SELECT " + postgres::literal(tables[at]) + ", count(*) FROM ONLY " + tables[at] + ";\n";
        for (const auto& row : database.rows(queries, kRestored, 2))
            trial.rows[row[0]] = std::stoull(row[1]);
        step.progress(at, tables.size());
    }
}
} // namespace

Trial tryPostgres(const Step& step, const Engine& engine, const Settings& settings,
                  const std::string& image) {
    const auto dump = keepDump(step);
    const auto archive = archiveIn(dump.fd());
    auto roles = archive.owners();
    roles.merge(archive.grantees());
    roles.merge(archive.neededRoles());
    const ThrowawayServer server(step, engine, settings, image, "postgres", superuserBeside(roles));
    const auto& database = server.database();
    Trial trial;
    trial.server = database.describe();
    createRoles(database, roles, archive.superusers());
    createDatabase(database, archive, trial);
    loadKept(step, engine, database, withOption(database.loader(kRestored), "--no-tablespaces"), dump.fd());
    trial.expected = expectedIn(step, engine, database, dump.fd());
    count(step, database, trial);
    for (const auto& one : postgres::differences(trial.rows, trial.expected))
        trial.different.push_back(one.table + " has " + std::to_string(one.rows) + " rows instead of " +
                                  std::to_string(one.expected));
    return trial;
}

} // namespace docker
