#pragma once

#include <map>
#include <set>

#include "integration/system/agent_fixture.h"
#include "support/restics.h"

namespace test {

/// A repository with snapshots of past nights, made by one restic, and schedules whose time this test names.
class MaintainedSystemTest : public BackupSystemTest {
protected:
    struct Shot {
        std::string id;
        core::Instant at;
        std::string group; ///< its host, paths and tags
    };
    /// How many of each a retention keeps, as `retention_rules` says it.
    struct Rules {
        int last = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
        [[nodiscard]] Object toJson() const {
            return {{"keep_last", last},
                    {"keep_daily", daily},
                    {"keep_weekly", weekly},
                    {"keep_monthly", monthly},
                    {"keep_yearly", yearly}};
        }
    };

    void beginWith(const Restic& restic) {
        restic_ = restic.program;
        ASSERT_TRUE(restic_ == "restic" || std::filesystem::exists(restic_))
            << restic_ << " is missing: scripts/restics.sh fetches it";
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = restic_;
        agentEnvironment_["TZ"] = "UTC"; // days of restic's rules are those of its machine
        begin();
    }

    /// A snapshot as the agent of that machine would have made it in the night of that time.
    void saveAt(core::Instant at, const std::string& host, const std::vector<std::string>& tags,
                const std::filesystem::path& path) {
        core::ProcessSpec spec;
        spec.program = restic_;
        spec.arguments = {"backup", "--host=" + host,
                          "--time=" + core::formatInstant(at).substr(0, 10) + " 02:00:00"};
        for (const auto& tag : tags)
            spec.arguments.push_back("--tag=" + tag);
        spec.arguments.push_back(path.string());
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"TZ", "UTC"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_PASSWORD", kRepositoryPassword},
                            {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}};
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        const auto result = runner_.run(spec).value();
        ASSERT_TRUE(result.exit.ok()) << result.error;
    }
    /// What the repository has, newest first.
    std::vector<Shot> shots() {
        std::vector<Shot> all;
        const auto list = restic({"snapshots"});
        for (const auto& one : *list.array()) {
            std::string group = one.stringOr("hostname");
            for (const auto* field : {"paths", "tags"})
                if (const auto* words = one.find(field); words != nullptr && words->array() != nullptr)
                    for (const auto& word : *words->array())
                        if (!word.string()->starts_with("task:")) // each has one of its own
                            group += " " + *word.string();
            const auto time = core::parseInstant(one.stringOr("time").substr(0, 19) + "Z");
            all.push_back({one.stringOr("id"), time.value(), group});
        }
        std::sort(all.begin(), all.end(), [](const Shot& a, const Shot& b) { return a.at > b.at; });
        return all;
    }
    static std::set<std::string> idsOf(const std::vector<Shot>& shots) {
        std::set<std::string> ids;
        for (const auto& one : shots)
            ids.insert(one.id);
        return ids;
    }
    /// The rules, worked out here: the last ones, and the newest of each of the last so many days, weeks,
    /// months and years that have any. `shots`: of one group, newest first.
    static std::set<std::string> keptBy(const std::vector<Shot>& shots, const Rules& rules) {
        std::set<std::string> kept;
        for (std::size_t i = 0; i < shots.size() && i < static_cast<std::size_t>(rules.last); ++i)
            kept.insert(shots[i].id);
        const auto newestOfEach = [&](int count, auto&& periodOf) {
            std::optional<std::int64_t> before;
            for (const auto& one : shots) {
                const std::int64_t period = periodOf(std::chrono::floor<std::chrono::days>(one.at));
                if (period == before)
                    continue;
                if (count-- <= 0)
                    break;
                before = period;
                kept.insert(one.id);
            }
        };
        using Day = std::chrono::sys_days;
        const auto dayOf = [](Day day) { return std::int64_t{day.time_since_epoch().count()}; };
        const auto yearOf = [](Day day) {
            return std::int64_t{static_cast<int>(std::chrono::year_month_day(day).year())};
        };
        newestOfEach(rules.daily, dayOf);
        // The first of January 1970 was a Thursday.
        newestOfEach(rules.weekly, [&](Day day) { return (dayOf(day) + 3) / 7; });
        newestOfEach(rules.monthly, [&](Day day) {
            return yearOf(day) * 12 + static_cast<unsigned>(std::chrono::year_month_day(day).month());
        });
        newestOfEach(rules.yearly, yearOf);
        return kept;
    }
    /// The operation's next time, as if it had passed while nobody looked.
    void makeDue(const std::string& operation, core::Instant slot) {
        const auto changed =
            openDatabase()->run(core::SystemContext("test"),
                                {{"UPDATE restic_repository_schedules SET next_run_at_us = $2 "
                                  "WHERE operation = $1",
                                  {operation, slot}}},
                                true);
        EXPECT_EQ(changed.at(0).affected, 1) << operation;
    }

    std::string restic_;
};

} // namespace test
