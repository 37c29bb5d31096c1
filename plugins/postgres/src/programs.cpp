#include "programs.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "archive.h"

namespace postgres {
namespace {
using agent::plugin::Failure;
using agent::plugin::Step;
namespace fs = std::filesystem;

constexpr const char* kDistribution = "/usr/lib/postgresql";

bool canRun(const fs::path& program) {
    return ::access(program.c_str(), X_OK) == 0;
}

/// Folders of the distribution by their version, which holds for all programs in them.
std::map<int, fs::path> folders() {
    std::map<int, fs::path> out;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(kDistribution, code))
        if (const int major = majorOf(entry.path().filename().string()); major > 0)
            out[major] = entry.path() / "bin";
    return out;
}

/// Asks it; major stays 0 if it does not run.
Program asked(const Step& step, const std::string& name, const std::string& path) {
    Program program{name, path, {}, 0};
    const auto end = step.run({.arguments = {path, "--version"}, .timeout = std::chrono::seconds(30)});
    if (!end.ok)
        return program;
    // "pg_dump (PostgreSQL) 15.4 (Debian 15.4-1)"
    const auto at = end.output.find_first_of("0123456789");
    if (at != std::string::npos)
        program.version = end.output.substr(at, end.output.find_first_of(" \n", at) - at);
    program.major = majorOf(program.version);
    return program;
}
} // namespace

Program anyPsql(const Step& step) {
    if (const auto folder = step.text("program_folder"); !folder.empty() && canRun(fs::path(folder) / "psql"))
        return {"psql", fs::path(folder) / "psql", {}, 0};
    const auto known = folders();
    for (auto it = known.rbegin(); it != known.rend(); ++it)
        if (canRun(it->second / "psql"))
            return {"psql", it->second / "psql", {}, it->first};
    if (auto program = asked(step, "psql", "psql"); program.major > 0)
        return program;
    throw Failure("psql is not installed on this machine", "Install the package postgresql-client");
}

Program programFor(const Step& step, const std::string& name, int major, const std::string& whose) {
    std::vector<Program> found;
    const auto folder = step.text("program_folder");
    if (!folder.empty()) {
        found.push_back(asked(step, name, fs::path(folder) / name));
    } else {
        for (const auto& [version, bin] : folders())
            if (version >= major && canRun(bin / name)) {
                found.push_back(asked(step, name, bin / name));
                break;
            }
        if (found.empty())
            found.push_back(asked(step, name, name));
    }
    if (found.front().major >= major)
        return found.front();
    const auto package = "postgresql-client-" + std::to_string(major);
    const auto needed = whose + " is PostgreSQL " + std::to_string(major) + ": " + name + " " +
                        std::to_string(major) + " or later is needed";
    const auto& best = found.front();
    if (best.major == 0)
        throw Failure(
            needed + (folder.empty() ? ", and none is installed" : ", and there is none in " + folder),
            folder.empty() ? "Install the package " + package
                           : "Correct the setting program_folder, or install the package " + package);
    throw Failure(needed + ", but " + (folder.empty() ? "this machine" : folder) + " has " + best.version,
                  "Install the package " + package +
                      (folder.empty() ? std::string() : " and correct the setting program_folder"));
}

std::string serverFolderFor(const Step& step, int major) {
    const auto complete = [](const fs::path& folder) {
        return canRun(folder / "postgres") && canRun(folder / "initdb") && canRun(folder / "pg_restore") &&
               canRun(folder / "psql");
    };
    if (auto folder = step.text("program_folder"); !folder.empty() && complete(folder))
        if (asked(step, "postgres", fs::path(folder) / "postgres").major >= major)
            return folder;
    for (const auto& [version, bin] : folders())
        if (version >= major && complete(bin))
            return bin;
    return {};
}

} // namespace postgres
