#include "integration/system/proofs.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/uuid.h"
#include "support/repository_on_disk.h"

namespace test {

namespace {

std::vector<core::db::Row> rows(core::db::Database& database, const std::string& sql,
                                std::vector<core::db::Param> params) {
    const auto results = database.run(core::SystemContext("test"), {{sql, std::move(params)}}, false);
    return results.at(0).rows;
}

RepositoryOnDisk onDisk(const Traffic::Repository& repository) {
    return {repository.folder, repository.password};
}

} // namespace

void addIdentities(Traffic& traffic, const std::filesystem::path& folder) {
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
        std::ifstream in(entry.path() / "identity.json");
        const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (const auto identity = core::json::parse(text); identity.ok())
            traffic.secret(identity.value().stringOr("token"));
    }
}

RepositoryProof::RepositoryProof(const std::map<std::string, Traffic::Repository>& repositories) {
    for (const auto& [id, repository] : repositories) {
        if (!onDisk(repository).exists())
            continue;
        repositories_[id] = repository;
        real_[id] = onDisk(repository).snapshots();
    }
}

std::vector<std::string> RepositoryProof::snapshots(core::db::Database& database) const {
    std::vector<std::string> complaints;
    for (const auto& [id, real] : real_) {
        std::multiset<std::string> told;
        for (const auto& row : rows(database,
                                    "SELECT snapshot_id FROM restic_snapshots WHERE repository_id = $1 AND "
                                    "removed_at_us IS NULL",
                                    {*core::Uuid::parse(id)}))
            told.insert(row.text(0));
        for (const auto& one : RepositoryOnDisk::differences(real, told))
            complaints.push_back("repository " + id + ": " + one);
    }
    return complaints;
}

std::vector<std::string> RepositoryProof::locks() const {
    std::vector<std::string> complaints;
    for (const auto& [id, repository] : repositories_)
        for (const auto& name : onDisk(repository).locks())
            complaints.push_back("repository " + id + " still has the lock " + name);
    return complaints;
}

std::vector<std::string> RepositoryProof::green(core::db::Database& database,
                                                const core::json::Value& status) const {
    std::vector<std::string> complaints;
    for (const auto& target : *status.array()) {
        if (target.stringOr("status") != "healthy")
            continue;
        const auto name = target.stringOr("name");
        const auto latest = target.stringOr("latest_snapshot_id");
        if (latest.empty()) {
            complaints.push_back(name + " is green without a snapshot");
            continue;
        }
        const auto of =
            rows(database, "SELECT repository_id FROM restic_snapshots WHERE snapshot_id = $1", {latest});
        if (of.empty())
            complaints.push_back(name + " is green for the snapshot " + latest +
                                 ", of which there is no row");
        for (const auto& row : of) {
            const auto known = real_.find(row.text(0));
            if (known != real_.end() && std::none_of(known->second.begin(), known->second.end(),
                                                     [&](const auto& id) { return id.starts_with(latest); }))
                complaints.push_back(name + " is green for the snapshot " + latest +
                                     ", which restic does not have");
        }
    }
    return complaints;
}

} // namespace test
