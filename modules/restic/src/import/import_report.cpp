#include "import/import_report.h"

#include <ostream>

#include <fmt/format.h>

#include "core/text.h"

namespace restic {

using core::json::Array;
using core::json::Object;

namespace {
std::string many(std::int64_t count, std::string_view one, std::string_view more) {
    return fmt::format("{} {}", count, count == 1 ? one : more);
}
std::string many(std::int64_t count, std::string_view one) {
    return many(count, one, std::string(one) + "s");
}
std::string callOf(const ImportedTarget& target) {
    return target.id ? fmt::format("target {}: {}", *target.id, target.name) : "target " + target.name;
}
} // namespace

void ImportReport::add(ImportProblem problem) {
    if (problems.size() < kMostProblems)
        problems.push_back(std::move(problem));
    else
        ++moreProblems;
}

Object ImportReport::counts() const {
    return {{"found", found},
            {"new_targets", newTargets},
            {"new_agents", newAgents},
            {"new_policies", newPolicies},
            {"new_repositories", newRepositories},
            {"new_snapshots", newSnapshots},
            {"new_health_checks", newChecks},
            {"problems", static_cast<std::int64_t>(problems.size()) + moreProblems},
            {"orphans", orphans}};
}

Object ImportReport::toJson() const {
    Array became;
    for (const auto& target : targets) {
        Object one{{"name", target.name}, {"new", target.isNew}};
        if (target.id)
            one.set("target_id", *target.id);
        if (!target.agent.empty())
            one.set("agent", Object{{"hostname", target.agent}, {"placeholder", target.placeholder}});
        if (!target.policy.empty())
            one.set("policy", target.policy);
        if (!target.repository.empty())
            one.set("repository", Object{{"name", target.repository},
                                         {"type", target.repositoryType},
                                         {"url", target.repositoryUrl}});
        one.set("new_snapshots", target.snapshots);
        one.set("new_health_checks", target.checks);
        one.set("notes", Array(target.notes.begin(), target.notes.end()));
        became.emplace_back(std::move(one));
    }
    Array wrong;
    for (const auto& problem : problems)
        wrong.emplace_back(Object{{"table", problem.table},
                                  {"row", problem.row},
                                  {"target", problem.target},
                                  {"message", problem.message}});
    return {{"dry_run", dryRun},
            {"file", file},
            {"tenant_id", tenant.toString()},
            {"counts", counts()},
            {"targets", std::move(became)},
            {"problems", std::move(wrong)}};
}

void ImportReport::print(std::ostream& out) const {
    out << fmt::format("Importing v0 targets from: {} ({})\nTenant ID: {}\n\nFound {}\n",
                       core::printable(file), kind, tenant.toString(), many(found, "target"));
    const auto history = [](const ImportedTarget& target) {
        return fmt::format("{}, {}", many(target.snapshots, "snapshot"), many(target.checks, "health check"));
    };
    for (const auto& target : targets) {
        if (target.isNew) {
            out << fmt::format("→ Importing {}\n", callOf(target));
            out << fmt::format("    agent       {}{}\n", target.agent,
                               target.placeholder ? " (placeholder, until the machine enrols)" : "");
            out << fmt::format("    policy      {} (awaiting adoption)\n", target.policy);
            out << fmt::format("    repository  {} ({}, {})\n", target.repository, target.repositoryType,
                               target.repositoryUrl);
            out << fmt::format("    target      {} (direct)\n    history     {}\n", target.name,
                               history(target));
        } else {
            out << fmt::format("= Known {}{}\n", callOf(target),
                               target.snapshots + target.checks > 0 ? ": added " + history(target) : "");
        }
        for (const auto& note : target.notes)
            out << "    ! " << note << '\n';
        if (target.isNew)
            out << fmt::format("✓ Imported {}\n", callOf(target));
    }
    for (const auto& problem : problems)
        out << fmt::format("✗ {}, row {}{}: {}\n", problem.table, problem.row,
                           problem.target.empty() ? "" : " (" + problem.target + ")", problem.message);
    if (moreProblems > 0)
        out << fmt::format("✗ and {} more rows\n", moreProblems);
    if (orphans > 0)
        out << fmt::format("! {} of v0's history of targets that it has no more: left out\n",
                           many(orphans, "row"));
    out << fmt::format("\n{}: {}, {}, {}, {}, {}, {}\n", dryRun ? "Would be new" : "New",
                       many(newTargets, "target"), many(newAgents, "agent"),
                       many(newPolicies, "policy", "policies"),
                       many(newRepositories, "repository", "repositories"), many(newSnapshots, "snapshot"),
                       many(newChecks, "health check"));
    const auto wrong = static_cast<std::int64_t>(problems.size()) + moreProblems;
    out << (dryRun ? "Nothing was written: this was a try.\n" : "");
    out << (wrong == 0 && targets.empty() ? "There was nothing to import.\n"
            : wrong == 0 && dryRun        ? "All targets can be imported.\n"
            : wrong == 0                  ? "All targets imported successfully!\n"
                         : many(wrong, "row was", "rows were") + " not taken, or not as it was meant.\n");
}

} // namespace restic
