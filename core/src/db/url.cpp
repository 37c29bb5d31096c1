#include "db/url.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/db/open.h"
#include "core/error.h"

namespace core::db {

namespace {

[[noreturn]] void fail(const std::string& message) {
    throw Error(errors::kDatabase, message);
}

/// A value for Poco's connection string, which splits on blanks and knows no quotes; libpq then reads
/// backslash escapes.
std::string escaped(const std::string& key, const std::string& value) {
    std::string out;
    for (const char c : value) {
        if (static_cast<unsigned char>(c) <= ' ')
            fail(fmt::format("The parameter {} of the database URL must not contain blanks", key));
        if (c == '\\' || c == '\'')
            out += '\\';
        out += c;
    }
    return out;
}

Location parsePostgres(const std::string& url, milliseconds connectTimeout) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), &message), &PQconninfoFree);
    if (options == nullptr) {
        // libpq's message repeats the URL with its password.
        PQfreemem(message);
        fail("The database URL cannot be read: expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with "
             "special "
             "characters percent-encoded");
    }
    Location location;
    location.dialect = Dialect::postgresql;
    std::map<std::string, std::string> values;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0')
            values[option->keyword] = option->val;

    if (const auto at = values.find("password"); at != values.end()) {
        location.password = at->second;
        location.passwordFile = std::make_shared<const PasswordFile>(at->second);
        values.erase(at);
        values["passfile"] = location.passwordFile->path();
    }
    values.try_emplace("options", "-ctimezone=UTC");
    values.try_emplace("application_name", "ae-backend");
    values["client_encoding"] = "UTF8";
    // libpq counts in whole seconds and takes less than 2 as 2.
    values.try_emplace("connect_timeout",
                       std::to_string(std::max<std::int64_t>(2, connectTimeout.count() / 1000)));
    // A server that vanishes without a word is noticed in seconds, not in hours.
    values.try_emplace("keepalives_idle", "30");
    values.try_emplace("keepalives_interval", "10");
    values.try_emplace("keepalives_count", "3");
    values.try_emplace("tcp_user_timeout", "30000");

    for (const auto& [key, value] : values)
        location.connectionString +=
            (location.connectionString.empty() ? "" : " ") + key + "=" + escaped(key, value);
    location.user = values.contains("user") ? values["user"] : "";
    location.shown = fmt::format("{}:{}/{}{}", values.contains("host") ? values["host"] : "localhost",
                                 values.contains("port") ? values["port"] : "5432",
                                 values.contains("dbname") ? values["dbname"] : location.user,
                                 location.user.empty() ? "" : " as " + location.user);
    return location;
}

} // namespace

PasswordFile::PasswordFile(std::string_view password) {
    if (password.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
        fail("The password of the database URL must not contain line breaks");
    std::string line = "*:*:*:*:";
    for (const char c : password) {
        if (c == ':' || c == '\\')
            line += '\\';
        line += c;
    }
    line += '\n';
    fd_ = ::memfd_create("database-password", MFD_CLOEXEC);
    // libpq ignores a file that others could read.
    if (fd_ < 0 || ::fchmod(fd_, 0600) != 0 ||
        ::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        if (fd_ >= 0)
            ::close(fd_);
        fail("The database's password cannot be kept in memory");
    }
}
PasswordFile::~PasswordFile() {
    ::close(fd_);
}
std::string PasswordFile::path() const {
    return fmt::format("/proc/self/fd/{}", fd_);
}

Location parseUrl(const std::string& url, milliseconds connectTimeout) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (url.starts_with(kSqlite)) {
        Location location;
        location.path = url.substr(kSqlite.size());
        if (location.path.starts_with("///"))
            location.path.erase(0, 2);
        if (location.path.empty() || location.path == ":memory:" ||
            location.path.find('\0') != std::string::npos)
            fail("The database URL must name a file: sqlite:/var/lib/ae-backend/ae.db");
        location.shown = location.path;
        return location;
    }
    if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
        return parsePostgres(url, connectTimeout);
    fail("The database URL must begin with sqlite: or postgresql://");
}

std::string redactUrl(std::string_view url) {
    std::string out(url);
    const auto scheme = out.find("://");
    if (scheme == std::string::npos)
        return out;
    const auto begin = scheme + 3;
    const auto end = std::min(out.find_first_of("/?", begin), out.size());
    // The last "@": a password may hold one that somebody forgot to encode.
    const auto at = out.rfind('@', end);
    if (at != std::string::npos && at > begin) {
        const auto colon = out.find(':', begin);
        if (colon != std::string::npos && colon < at)
            out.replace(colon + 1, at - colon - 1, "***");
    }
    for (std::size_t from = 0; (from = out.find("password=", from)) != std::string::npos;) {
        from += 9;
        const auto stop = std::min(out.find('&', from), out.size());
        out.replace(from, stop - from, "***");
    }
    return out;
}

} // namespace core::db
