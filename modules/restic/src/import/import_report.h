#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/uuid.h"

namespace restic {

/// What became of one target of v0.
struct ImportedTarget {
    std::string name;
    std::optional<std::int64_t> id; ///< in v0
    bool isNew = false;             ///< else it was there already
    std::string agent;              ///< host name
    bool placeholder = false;
    std::string policy;
    std::string repository;
    std::string repositoryType;
    std::string repositoryUrl;  ///< without credentials
    std::int64_t snapshots = 0; ///< that are new
    std::int64_t checks = 0;
    std::vector<std::string> notes; ///< what somebody should know of it
};

/// A row that was not taken, or not as it was meant.
struct ImportProblem {
    std::string table;    ///< "targets"
    std::int64_t row = 0; ///< its id in v0; without one its place in the file, from 1
    std::string target;   ///< its name, where that is known
    std::string message;
};

struct ImportReport {
    core::Uuid tenant;
    std::string file;
    std::string kind; ///< of the file
    bool dryRun = false;
    std::int64_t found = 0; ///< targets in the file
    std::vector<ImportedTarget> targets;
    std::vector<ImportProblem> problems;
    std::int64_t moreProblems = 0; ///< that are not listed
    std::int64_t orphans = 0;      ///< rows of the history of targets that v0 has no more
    std::int64_t newAgents = 0, newPolicies = 0, newRepositories = 0, newTargets = 0;
    std::int64_t newSnapshots = 0, newChecks = 0;

    static constexpr std::size_t kMostProblems = 1000;
    void add(ImportProblem problem);
    [[nodiscard]] core::json::Object counts() const;
    [[nodiscard]] core::json::Object toJson() const;
    void print(std::ostream& out) const;
};

} // namespace restic
