#include "support/repository_on_disk.h"

#include <algorithm>
#include <stdexcept>

#include "core/json.h"

namespace test {

bool RepositoryOnDisk::exists() const {
    std::error_code ignored;
    return std::filesystem::exists(folder_ / "config", ignored);
}

std::set<std::string> RepositoryOnDisk::snapshots() const {
    core::ProcessSpec spec;
    spec.program = "restic";
    spec.arguments = {"snapshots", "--json", "--no-lock", "--no-cache"};
    spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                        {"HOME", "/tmp"},
                        {"RESTIC_REPOSITORY", folder_.string()},
                        {"RESTIC_PASSWORD", password_}};
    spec.standardOutput = core::ProcessOutput::capture();
    spec.standardError = core::ProcessOutput::capture();
    spec.timeout = std::chrono::seconds(60);
    const auto result = core::SystemProcessRunner().run(spec).value();
    const auto listed = core::json::parse(result.output);
    if (!result.exit.ok() || !listed.ok() || listed.value().array() == nullptr)
        throw std::runtime_error("restic does not list " + folder_.string() + ": " + result.error);
    std::set<std::string> ids;
    for (const auto& one : *listed.value().array())
        ids.insert(one.stringOr("id"));
    return ids;
}

std::vector<std::string> RepositoryOnDisk::locks() const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "locks", ignored))
        if (file.path().filename().string().size() == 64)
            names.push_back(file.path().filename().string());
    return names;
}

std::vector<std::string> RepositoryOnDisk::differences(const std::set<std::string>& real,
                                                       const std::multiset<std::string>& told) {
    std::vector<std::string> complaints;
    const auto same = [](const std::string& whole, const std::string& known) {
        return known.size() >= 8 && whole.starts_with(known);
    };
    for (const auto& id : real) {
        const auto times =
            std::count_if(told.begin(), told.end(), [&](const auto& k) { return same(id, k); });
        if (times != 1)
            complaints.push_back("restic has the snapshot " + id + ", which is told of " +
                                 std::to_string(times) + " times");
    }
    for (const auto& known : told)
        if (std::none_of(real.begin(), real.end(), [&](const auto& id) { return same(id, known); }))
            complaints.push_back("told of is the snapshot " + known + ", which restic does not have");
    return complaints;
}

} // namespace test
