#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "integration/system/traffic.h"

namespace test {

/// What is asked at the end of every test with a real repository. A test that cannot have one of them says
/// why: SystemTest::exempt().
enum class Proof {
    snapshots, ///< restic lists what the host tells of, and nothing else
    locks,     ///< no lock is left
    green,     ///< who is green has a snapshot that restic has
    tables,    ///< no secret stands in the database, if it is a PostgreSQL
};

/// Makes a secret of each token in an `identity.json` below the folder.
void addIdentities(Traffic& traffic, const std::filesystem::path& folder);

/// What restic has of each repository that is there, by its id; and whether each is as the host's database
/// and its lights have it. One sentence for each thing that is not.
class RepositoryProof {
public:
    /// Asks restic. Throws std::runtime_error where it does not answer.
    explicit RepositoryProof(const std::map<std::string, Traffic::Repository>& repositories);

    [[nodiscard]] std::vector<std::string> snapshots(core::db::Database& database) const;
    [[nodiscard]] std::vector<std::string> locks() const;
    /// `status`: the answer of GET /api/v1/restic/status.
    [[nodiscard]] std::vector<std::string> green(core::db::Database& database,
                                                 const core::json::Value& status) const;

private:
    std::map<std::string, Traffic::Repository> repositories_; ///< those that are there
    std::map<std::string, std::set<std::string>> real_;
};

} // namespace test
