#include "database.h"

#include <vector>

#include "agent/plugin_step.h"

using agent::plugin::Failure;

Database::Database(const std::string& file, Mode mode) {
    const int flags = mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
        const std::string why = sqlite3_errmsg(handle_);
        sqlite3_close(handle_);
        throw Failure(file + " cannot be opened: " + why, "Check the path and the agent's rights");
    }
    constexpr int kPatience = 60000;
    sqlite3_busy_timeout(handle_, kPatience);
}

Database::~Database() {
    sqlite3_close(handle_);
}

void Database::copyTo(Database& other) const {
    auto* backup = sqlite3_backup_init(other.handle_, "main", handle_, "main");
    if (backup == nullptr)
        throw Failure(std::string("The copy cannot begin: ") + sqlite3_errmsg(other.handle_));
    int code = SQLITE_OK;
    // All pages in one step: nobody can write in between, and readers are not disturbed.
    while ((code = sqlite3_backup_step(backup, -1)) == SQLITE_BUSY || code == SQLITE_LOCKED)
        sqlite3_sleep(50);
    sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        throw Failure(std::string("The copy failed: ") + sqlite3_errstr(code));
}

std::string Database::first(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
        throw Failure(sqlite3_errmsg(handle_));
    std::string text;
    if (sqlite3_step(statement) == SQLITE_ROW)
        if (const auto* column = sqlite3_column_text(statement, 0))
            text = reinterpret_cast<const char*>(column);
    sqlite3_finalize(statement);
    return text;
}

std::string Database::problem() const {
    const auto said = first("PRAGMA integrity_check");
    return said == "ok" ? std::string() : said;
}

std::map<std::string, std::int64_t> Database::rows() const {
    std::map<std::string, std::int64_t> out;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, "SELECT name FROM sqlite_master WHERE type = 'table'", -1, &statement,
                           nullptr) != SQLITE_OK)
        throw Failure(sqlite3_errmsg(handle_));
    std::vector<std::string> names;
    while (sqlite3_step(statement) == SQLITE_ROW)
        names.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    for (const auto& name : names) {
        std::string quoted;
        for (const char c : name)
            quoted += c == '"' ? "\"\"" : std::string(1, c);
        out[name] = std::stoll(first("SELECT count(*) FROM \"" + quoted + "\""));
    }
    return out;
}
