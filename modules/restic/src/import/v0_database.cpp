#include "import/v0_database.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>

#include <stdlib.h> // mkdtemp

#include <fmt/format.h>
#include <sqlite3.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/text.h"

namespace restic {

namespace fs = std::filesystem;
using core::json::Value;

namespace {
/// A row of a file that somebody else made must not run for ever, nor fill the memory.
constexpr std::chrono::seconds kPatience{60};
constexpr int kMostBytesOfOneValue = 16 << 20;
constexpr int kBusyMilliseconds = 5000;
constexpr int kStepsBetweenLooks = 20000;

Value valueOf(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
    case SQLITE_TEXT:
    case SQLITE_BLOB: {
        const auto* text = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return text == nullptr ? std::string() : std::string(text, size);
    }
    default:
        return {};
    }
}

fs::path beside(const fs::path& file, const char* suffix) {
    return file.string() + suffix;
}

/// Whether its last writer used a write-ahead log: SQLite would make files beside it for whoever reads.
bool isInWalMode(const fs::path& file) {
    constexpr std::streamoff kReadVersion = 19;
    std::ifstream in(file, std::ios::binary);
    in.seekg(kReadVersion);
    return in.get() == 2;
}

std::array<std::uintmax_t, 2> sizes(const fs::path& file) {
    std::error_code error;
    return {fs::file_size(file, error), fs::file_size(beside(file, "-wal"), error)};
}
} // namespace

V0Database::V0Database(const fs::path& file) : file_(fs::absolute(file)), handle_(nullptr, sqlite3_close_v2) {
    sqlite3* handle = nullptr;
    const auto address = addressToRead();
    const int access = copy_.path.empty() ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int opened = sqlite3_open_v2(address.c_str(), &handle, access | SQLITE_OPEN_URI, nullptr);
    handle_.reset(handle);
    if (opened != SQLITE_OK)
        fail("cannot be opened");
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMostBytesOfOneValue);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_progress_handler(
        handle, kStepsBetweenLooks,
        [](void* self) {
            return std::chrono::steady_clock::now() > static_cast<V0Database*>(self)->deadline_ ? 1 : 0;
        },
        this);
    query("BEGIN"); // one state of it, also while v0 goes on
    if (!has("targets"))
        fail("is no v0 database: it has no table targets");
    for (const auto* table : {"snapshots", "health_checks"})
        if (has(table))
            indexHistory(table);
    isOpen_ = true;
}

V0Database::Folder::~Folder() {
    std::error_code ignored;
    if (!path.empty())
        fs::remove_all(path, ignored);
}

std::string V0Database::addressToRead() {
    const auto address = [](const fs::path& file, const char* options) {
        return "file:" + core::percentEncode(file.string()) + "?" + options;
    };
    if (!isInWalMode(file_))
        return address(file_, "mode=ro");
    std::error_code error;
    if (const auto size = fs::file_size(beside(file_, "-wal"), error); error || size == 0)
        return address(file_, "mode=ro&immutable=1");
    // What is in the log belongs to it, and reading it there would write beside it.
    std::string folder = (fs::temp_directory_path() / "ae-v0-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr)
        fail("cannot be copied to where it is read: there is no temporary folder");
    copy_.path = folder;
    const auto copied = copy_.path / "v0.db";
    const auto before = sizes(file_);
    fs::copy_file(file_, copied, error);
    if (!error)
        fs::copy_file(beside(file_, "-wal"), beside(copied, "-wal"), error);
    if (error || sizes(file_) != before)
        fail("could not be copied while v0 writes to it. Stop v0 first");
    return address(copied, "mode=rw");
}

std::vector<V0Row> V0Database::query(const std::string& sql, const std::vector<std::int64_t>& numbers) {
    deadline_ = std::chrono::steady_clock::now() + kPatience;
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &made, nullptr) != SQLITE_OK)
        fail("cannot be read");
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(made, sqlite3_finalize);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        sqlite3_bind_int64(made, static_cast<int>(i) + 1, numbers[i]);
    std::vector<V0Row> rows;
    for (;;) {
        const int step = sqlite3_step(made);
        if (step == SQLITE_DONE)
            return rows;
        if (step != SQLITE_ROW)
            fail("cannot be read");
        V0Row row;
        for (int i = 0; i < sqlite3_column_count(made); ++i)
            row.set(sqlite3_column_name(made, i), valueOf(made, i));
        rows.push_back(std::move(row));
    }
}

bool V0Database::has(const std::string& table) {
    return !query("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '" + table + "'").empty();
}

void V0Database::indexHistory(const std::string& table) {
    query("CREATE TEMP TABLE of_" + table + " AS SELECT rowid AS place, target_id AS target FROM main." +
          table);
    query("CREATE INDEX temp.by_target_" + table + " ON of_" + table + " (target, place)");
}

std::vector<V0Row> V0Database::targets() {
    auto rows = query(fmt::format("SELECT * FROM main.targets ORDER BY rowid LIMIT {}", kMostTargets + 1));
    if (rows.size() > kMostTargets)
        fail(fmt::format("has more than {} targets", kMostTargets));
    return rows;
}

V0History V0Database::history(const std::string& table, std::int64_t target, std::size_t most) {
    V0History history;
    if (!has(table))
        return history;
    const auto count = query("SELECT count(*) AS n FROM of_" + table + " WHERE target = ?", {target});
    const auto there = Value(count.at(0)).integerOr("n");
    history.leftOut = std::max<std::int64_t>(there - static_cast<std::int64_t>(most), 0);
    history.rows = query("SELECT h.* FROM of_" + table + " o CROSS JOIN main." + table +
                             " h ON h.rowid = o.place WHERE o.target = ? ORDER BY o.place DESC LIMIT ?",
                         {target, static_cast<std::int64_t>(most)});
    return history;
}

std::int64_t V0Database::orphans() {
    std::int64_t all = 0;
    for (const auto* table : {"snapshots", "health_checks"})
        if (has(table))
            all += Value(query(std::string("SELECT count(*) AS n FROM of_") + table +
                               " WHERE target IS NULL OR target NOT IN (SELECT id FROM main.targets WHERE id "
                               "IS NOT NULL)")
                             .at(0))
                       .integerOr("n");
    return all;
}

void V0Database::fail(const std::string& what) const {
    auto sentence = core::printable(file_.string()) + " " + what;
    const int code = handle_ ? sqlite3_errcode(handle_.get()) : SQLITE_OK;
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)
        sentence += fmt::format(": {}. Stop v0 and try again, or give a copy of it",
                                core::printable(sqlite3_errmsg(handle_.get())));
    // A file that turns out to be damaged half way ends the import; no row of it is to blame.
    throw core::Error(isOpen_ ? core::errors::kUnavailable : core::errors::kValidation, sentence);
}

} // namespace restic
