#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"
#include "db/sqlite_connection.h"

namespace core::db {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHeader{"SQLite format 3\0", 16};

[[noreturn]] void fail(const std::string& message) {
    throw Error(errors::kDatabase, message);
}

} // namespace

void checkSqliteFolder(const std::string& path) {
    const fs::path file(path);
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored))
        fail(fmt::format(
            "The folder {} of the SQLite database does not exist: create it, or name another file "
            "in the database URL",
            folder.string()));
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        fail(fmt::format(
            "The folder {} of the SQLite database is not writable for this user: SQLite keeps its log "
            "beside the file",
            folder.string()));
}

void checkSqliteFile(const std::string& path) {
    checkSqliteFolder(path);
    const fs::path file(path);
    std::error_code ignored;
    if (fs::is_directory(file, ignored))
        fail(fmt::format("{} is a folder: the database URL must name a file", path));

    if (!fs::exists(file, ignored)) {
        // 0600 from the first moment: it will hold password hashes and secrets.
        const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            fail(fmt::format("The SQLite database {} cannot be created: {}", path, std::strerror(errno)));
        if (fd >= 0)
            ::close(fd);
        return;
    }
    if (::access(path.c_str(), R_OK | W_OK) != 0)
        fail(fmt::format("The SQLite database {} cannot be read and written by this user: {}", path,
                         std::strerror(errno)));
    std::ifstream in(file, std::ios::binary);
    char head[16] = {};
    in.read(head, sizeof head);
    const auto got = static_cast<std::size_t>(in.gcount());
    if (got != 0 && std::string_view(head, got) != kHeader)
        fail(fmt::format("{} is no SQLite database: name another file in the database URL", path));
}

} // namespace core::db
