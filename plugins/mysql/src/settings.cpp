#include "settings.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace mysql {
namespace {
constexpr int kUsualPort = 3306;

int numberOf(const Step& step, const char* name, int otherwise) {
    return step.settings().value(name, otherwise);
}

bool readable(const std::string& file) {
    return std::ifstream(file).good();
}
} // namespace

Settings::Settings(const Step& step)
    : host(step.text("host", "localhost")), port(numberOf(step, "port", kUsualPort)),
      socket(step.text("socket")), user(step.text("user")), password(step.text("password")),
      passwordFile(step.text("password_file")), databases(step.texts("databases")),
      excludedTables(step.texts("exclude_tables")),
      systemDatabase(step.settings().value("system_database", false)), tls(step.text("tls", "preferred")),
      authority(step.text("ssl_ca")), programFolder(step.text("program_folder")),
      binlogPosition(step.settings().value("binlog_position", false)),
      lockTables(step.settings().value("lock_tables", false)),
      lockWaitSeconds(numberOf(step, "lock_wait_seconds", 300)), users(step.settings().value("users", true)) {
    const auto excluded = step.texts("exclude_databases");
    excludedDatabases.insert(excluded.begin(), excluded.end());
}

std::string Settings::secret() const {
    if (passwordFile.empty())
        return password;
    std::ifstream in(passwordFile, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    if (!in)
        throw Failure("The password file " + passwordFile + " cannot be read",
                      "Correct the setting \"password_file\", or the file's owner and mode");
    auto text = content.str();
    if (text.ends_with('\n'))
        text.pop_back();
    if (text.ends_with('\r'))
        text.pop_back();
    return text;
}

std::string Settings::label() const {
    if (!socket.empty())
        return "localhost";
    return port == kUsualPort ? host : host + ":" + std::to_string(port);
}

void validate(Step& step) {
    const Settings settings(step);
    if (!settings.password.empty() && !settings.passwordFile.empty())
        throw Failure("Both a password and a password file are set", "Remove one of them");
    if (!settings.passwordFile.empty())
        (void)settings.secret();
    for (const auto& text : {settings.password, settings.user, settings.host, settings.socket})
        if (text.find('\0') != std::string::npos)
            throw Failure("A setting holds a NUL character, which the client programs cannot take");
    for (const auto& table : settings.excludedTables) {
        const auto dot = table.find('.');
        if (dot == std::string::npos || dot == 0 || dot + 1 == table.size())
            throw Failure("\"" + table + "\" in \"exclude_tables\" is not of the form database.table");
    }
    if (!settings.authority.empty() && !readable(settings.authority))
        throw Failure("The file " + settings.authority + " cannot be read", "Correct the setting \"ssl_ca\"");
    if (!settings.programFolder.empty() && !settings.programFolder.starts_with('/'))
        throw Failure("\"program_folder\" is not an absolute path");
}

} // namespace mysql
