#include "support/v0_files.h"

#include <stdexcept>

#include <fmt/format.h>
#include <sqlite3.h>

namespace test {

void runSqlite(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* handle = nullptr;
    char* message = nullptr;
    const bool done = sqlite3_open(file.c_str(), &handle) == SQLITE_OK &&
                      sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK;
    const std::string said = message != nullptr ? message : "";
    sqlite3_free(message);
    sqlite3_close(handle);
    if (!done)
        throw std::runtime_error("SQLite: " + said);
}

std::string v0Schema(V0Shape shape) {
    const std::string own =
        shape == V0Shape::first
            ? "repository_url TEXT NOT NULL, password_file TEXT, cert_file TEXT, disabled BOOLEAN DEFAULT 0"
            : "repository TEXT NOT NULL, password TEXT, password_file TEXT, certificate_file TEXT, keep_last "
              "INTEGER, keep_hourly INTEGER, keep_daily INTEGER, keep_weekly INTEGER, keep_monthly INTEGER, "
              "keep_yearly INTEGER, disabled BOOLEAN DEFAULT 0";
    return "CREATE TABLE targets (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, " + own +
           ");"
           "CREATE TABLE snapshots (id INTEGER PRIMARY KEY, target_id INTEGER, snapshot_id TEXT NOT NULL, "
           "short_id TEXT, time TIMESTAMP, hostname TEXT, username TEXT, paths TEXT, tags TEXT, parent TEXT, "
           "tree TEXT, FOREIGN KEY (target_id) REFERENCES targets(id));"
           "CREATE TABLE health_checks (id INTEGER PRIMARY KEY, target_id INTEGER, healthy BOOLEAN, "
           "error_message TEXT, checked_at TIMESTAMP, FOREIGN KEY (target_id) REFERENCES targets(id));";
}

std::string v0SnapshotId(int target, int snapshot) {
    return fmt::format("{:08x}{:08x}{:048x}", target * 1000 + snapshot, snapshot, target);
}

void makeV0Database(const std::filesystem::path& file, V0Shape shape, int targets, int snapshots,
                    int checks) {
    std::string sql = "BEGIN;" + v0Schema(shape);
    const auto at = [](int hours) {
        return fmt::format("2025-11-{:02} {:02}:00:00.5+00:00", 1 + hours / 24, hours % 24);
    };
    for (int t = 1; t <= targets; ++t) {
        const auto url = fmt::format("rest:https://backup.example/server-{}", t);
        sql +=
            shape == V0Shape::first
                ? fmt::format("INSERT INTO targets VALUES ({}, 'server-{}', '{}', '/etc/restic/{}.pass', "
                              "NULL, {});",
                              t, t, url, t, t % 10 == 0 ? 1 : 0)
                : fmt::format("INSERT INTO targets VALUES ({}, 'server-{}', '{}', 'canary-of-v0-{}', NULL, "
                              "'/etc/restic/ca.pem', 0, 0, 7, 4, 0, 0, {});",
                              t, t, url, t, t % 10 == 0 ? 1 : 0);
        for (int s = 1; s <= snapshots; ++s)
            sql +=
                fmt::format("INSERT INTO snapshots VALUES (NULL, {}, '{}', '{}', '{}', 'server-{}', 'root', "
                            "'[\"/etc\",\"/srv/{}\"]', '[\"nightly\"]', NULL, NULL);",
                            t, v0SnapshotId(t, s), v0SnapshotId(t, s).substr(0, 8), at(s), t, t);
        for (int c = 1; c <= checks; ++c)
            sql += fmt::format("INSERT INTO health_checks VALUES (NULL, {}, {}, {}, '{}');", t, c % 2,
                               c % 2 == 1 ? "NULL" : "'repository is locked'", at(c));
    }
    runSqlite(file, sql + "COMMIT;");
}

} // namespace test
