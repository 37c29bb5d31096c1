#include "program.h"

#include <unistd.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "sql_text.h"

namespace mysql {
namespace {
constexpr auto kLongest = std::chrono::seconds(30);

std::string versionIn(const std::string& text) {
    // "Distrib 10.11.6-MariaDB," or "from 11.8.2-MariaDB," or "Ver 8.0.36 for Linux"
    static const std::regex kForms("(?:Distrib|from) +([^ ,]+)|Ver +([0-9][^ ,]*)");
    std::smatch match;
    std::string found;
    for (auto at = text.cbegin(); std::regex_search(at, text.cend(), match, kForms); at = match[0].second) {
        if (match[1].matched)
            return match[1];
        if (found.empty())
            found = match[2];
    }
    return found;
}

std::optional<Program> programAt(const Step& step, const std::string& name, const std::string& path) {
    const auto version = step.run({.arguments = {path, "--no-defaults", "--version"}, .timeout = kLongest});
    if (!version.ok)
        return std::nullopt;
    const auto help = step.run({.arguments = {path, "--no-defaults", "--help"}, .timeout = kLongest});
    return Program{name, path, versionIn(version.output), version.output.find("MariaDB") != std::string::npos,
                   help.output};
}
} // namespace

bool Program::has(std::string_view option) const {
    for (auto at = help.find(option); at != std::string::npos; at = help.find(option, at + 1)) {
        const auto end = at + option.size();
        const char next = end < help.size() ? help[end] : ' ';
        if ((at == 0 || help[at - 1] == ' ') && (next == ' ' || next == '=' || next == '\n' || next == '['))
            return true;
    }
    return false;
}

std::optional<std::string> pathOf(const std::string& folder, const std::string& name) {
    const char* search = std::getenv("PATH");
    std::istringstream folders(!folder.empty()
                                   ? folder
                                   : std::string(search == nullptr ? "" : search) +
                                         ":/usr/local/bin:/usr/bin:/usr/sbin:/usr/local/mysql/bin");
    for (std::string one; std::getline(folders, one, ':');) {
        auto path = one + "/" + name;
        if (!one.empty() && ::access(path.c_str(), X_OK) == 0)
            return path;
    }
    return std::nullopt;
}

Program findProgram(const Step& step, const Settings& settings, const std::vector<std::string>& names,
                    bool mariadb) {
    std::optional<Program> other;
    for (const auto& name : names) {
        const auto path = pathOf(settings.programFolder, name);
        if (!path)
            continue;
        auto program = programAt(step, name, *path);
        if (!program)
            continue;
        if (program->mariadb == mariadb)
            return *program;
        if (!other)
            other = std::move(program);
    }
    if (other)
        return *other;
    throw Failure("None of the programs " + joined(names) + " is installed" +
                      (settings.programFolder.empty() ? "" : " in " + settings.programFolder),
                  settings.programFolder.empty() ? "Install the server's client package (mariadb-client, "
                                                   "mysql-client or default-mysql-client), or "
                                                   "set \"program_folder\""
                                                 : "Correct the setting \"program_folder\"");
}

} // namespace mysql
