#include "kept_dump.h"
#include "row_counter.h"
#include "sql_text.h"
#include "throwaway.h"
#include "trial.h"

namespace docker {
namespace {
constexpr std::size_t kTablesAtOnce = 500;

void count(const Step& step, const Database& database, Trial& trial) {
    std::vector<std::string> tables;
    for (const auto& row : database.rows("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
                                         "TABLE_SCHEMA = " +
                                             database.literal(kRestored) + " ORDER BY TABLE_NAME;",
                                         {}, 2))
        if (row[1] != "VIEW" && row[1] != "SEQUENCE")
            tables.push_back(row[0]);
    for (std::size_t at = 0; at < tables.size();) {
        const auto begin = at;
        std::string queries;
        for (const auto end = std::min(tables.size(), at + kTablesAtOnce); at < end; ++at)
            queries += "SELECT COUNT(*) FROM " + mysql::quotedName(tables[at]) + ";\n";
        const auto rows = database.rows(queries, kRestored, 1);
        if (rows.size() != at - begin)
            throw Failure("The rows of the restored tables could not be counted");
        for (std::size_t i = 0; i < rows.size(); ++i)
            trial.rows[tables[begin + i]] = std::stoull(rows[i][0]);
        step.progress(at, tables.size());
    }
}
} // namespace

Trial tryMysql(const Step& step, const Engine& engine, const Settings& settings, const std::string& image,
               const std::string& product) {
    mysql::RowCounter counter;
    std::string tail;
    const auto dump = keepDump(step, [&](std::string_view piece) {
        counter.read(piece);
        tail += piece.substr(piece.size() - std::min<std::size_t>(piece.size(), 256));
        tail.erase(0, tail.size() - std::min<std::size_t>(tail.size(), 256));
    });
    if (tail.find(kCompleted) == std::string::npos)
        throw Failure("The dump is cut off: its last line is missing", "Choose another snapshot");
    const ThrowawayServer server(step, engine, settings, image, product, {});
    const auto& database = server.database();
    Trial trial;
    trial.server = database.describe();
    (void)database.sql("SET GLOBAL event_scheduler = OFF;"); // nothing acts by itself in what is counted
    database.create(kRestored);
    loadKept(step, engine, database, database.loader(kRestored), dump.fd());
    trial.expected = counter.rows();
    count(step, database, trial);
    for (const auto& one : mysql::differences(trial.expected, trial.rows))
        trial.different.push_back(one.missing ? one.table + " is missing"
                                              : one.table + " has " + std::to_string(one.found) +
                                                    " rows instead of " + std::to_string(one.expected));
    return trial;
}

} // namespace docker
