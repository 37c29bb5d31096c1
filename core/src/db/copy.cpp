#include "db/copy.h"

#include <memory>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "core/error.h"
#include "core/time.h"
#include "db/url.h"

namespace core::db {

namespace fs = std::filesystem;

namespace {

constexpr milliseconds kBusy{30000};

struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Handle openFile(const fs::path& file, int flags) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
    Handle handle(raw);
    if (code != SQLITE_OK)
        throw Error(errors::kDatabase,
                    fmt::format("The SQLite database {} cannot be opened: {}", file.string(),
                                raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code)));
    sqlite3_busy_timeout(raw, static_cast<int>(kBusy.count()));
    return handle;
}

std::string copySqlite(const fs::path& source, const fs::path& folder) {
    const std::string name = "ae-backend.db";
    const fs::path target = folder / name;
    std::error_code ignored;
    if (!fs::exists(source, ignored))
        throw Error(errors::kDatabase,
                    fmt::format("There is no database at {} yet: nothing can be copied", source.string()));
    const int fd = ::open(target.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        throw Error(errors::kDatabase, fmt::format("The copy {} cannot be created", target.string()));
    ::close(fd);
    const Handle from = openFile(source, SQLITE_OPEN_READWRITE);
    const Handle to = openFile(target, SQLITE_OPEN_READWRITE);
    const auto fail = [&](const std::string& why) {
        throw Error(errors::kDatabase, fmt::format("The database {} cannot be copied to {}: {}",
                                                   source.string(), target.string(), why));
    };
    sqlite3_backup* copying = sqlite3_backup_init(to.get(), "main", from.get(), "main");
    if (copying == nullptr)
        fail(sqlite3_errmsg(to.get()));
    // All at once: in pieces it would begin anew with every change of the host. Nobody waits for it, writers
    // neither, because the file's log is written ahead.
    const SystemClock clock;
    int code = SQLITE_OK;
    for (const auto until = clock.steady() + kBusy;;) {
        code = sqlite3_backup_step(copying, -1);
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || clock.steady() > until)
            break;
        std::this_thread::sleep_for(milliseconds{50});
    }
    if (const int finished = sqlite3_backup_finish(copying); code == SQLITE_DONE)
        code = finished;
    if (code != SQLITE_OK)
        fail(sqlite3_errstr(code));
    // One file, without a log beside it, and proven to be whole.
    std::string verdict;
    const auto read = [](void* out, int, char** values, char**) {
        if (values[0] != nullptr)
            static_cast<std::string*>(out)->assign(values[0]);
        return 0;
    };
    if (sqlite3_exec(to.get(), "PRAGMA journal_mode = DELETE; PRAGMA quick_check(1)", read, &verdict,
                     nullptr) != SQLITE_OK)
        fail(sqlite3_errmsg(to.get()));
    if (verdict != "ok")
        fail("the copy is damaged: " + verdict);
    return name;
}

std::string copyPostgres(const std::string& url, const fs::path& folder,
                         const std::map<std::string, std::string>& environment, ProcessRunner& runner) {
    const std::string name = "database.dump";
    const auto location = parseUrl(url, milliseconds{5000});
    ProcessSpec spec;
    spec.program = "pg_dump";
    std::string connection = location.connectionString;
    if (location.passwordFile) {
        // The child sees the password's file under another number.
        const auto own = location.passwordFile->path();
        connection.replace(connection.find(own), own.size(), "/proc/self/fd/3");
        spec.inherited = {location.passwordFile->fd()};
    }
    // Row security stands before every table: the role that sees all tenants reads them.
    spec.arguments = {"--format=custom",       "--no-owner",    "--role=ae_system",
                      "--enable-row-security", "--no-password", "--file=" + (folder / name).string(),
                      "--dbname=" + connection};
    for (const auto& [key, value] : environment)
        if (key == "PATH" || key == "HOME" ||
            (key.starts_with("PG") && !(location.passwordFile && key == "PGPASSWORD")))
            spec.environment.emplace(key, value);
    spec.standardError = ProcessOutput::capture(4096);
    const auto result = runner.run(spec).value();
    if (!result.exit.ok())
        throw Error(errors::kDatabase, fmt::format("pg_dump could not copy the database {} ({}): {}",
                                                   location.shown, result.exit.describe(), result.error));
    return name;
}

} // namespace

std::string copyDatabase(const std::string& url, const fs::path& folder,
                         const std::map<std::string, std::string>& environment, ProcessRunner& runner) {
    const auto location = parseUrl(url, milliseconds{5000});
    return location.dialect == Dialect::sqlite ? copySqlite(location.path, folder)
                                               : copyPostgres(url, folder, environment, runner);
}

} // namespace core::db
