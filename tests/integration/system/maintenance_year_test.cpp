#include <atomic>
#include <thread>

#include "integration/system/maintained_fixture.h"
#include "support/long_tests.h"

/// A year of nights on one repository, month after month as the schedules have it: what is kept, what is
/// read, and whether operations meet.
namespace test {
namespace {

using std::chrono::days;

class MaintenanceOfAYear : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    static constexpr Rules kRules{.last = 3, .daily = 7, .weekly = 5, .monthly = 12, .yearly = 2};
    /// Months that pass, and parts in which a check reads the data: two whole turns.
    static int rounds() { return longTests() ? 24 : 4; }
    static int parts() { return rounds() / 2; }

    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    /// All nights with --long; else those of the last five weeks, and of the time before each twelfth.
    std::vector<core::Instant> nights() const {
        std::vector<core::Instant> all;
        for (int ago = 365; ago > 0; ago -= longTests() || ago <= 35 ? 1 : std::min(12, ago - 35))
            all.push_back(today_ - days(ago));
        return all;
    }
    /// A snapshot of each night; two at a time, as restic's key takes most of it.
    void save(const std::vector<core::Instant>& nights) {
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (auto i = next++; i < nights.size(); i = next++)
                saveAt(nights[i], "web-01", {"policy:" + policyId_}, source_);
        };
        const std::jthread other(work);
        work();
    }
    /// What waits for the operations of the round: all of them were made, and none is open.
    void awaitMade(std::size_t tasks) {
        ASSERT_TRUE(await(
            [&] {
                const auto all = allTasks();
                return all.size() >= tasks && std::all_of(all.begin(), all.end(), [](const Value& one) {
                           return !one.stringOr("completed_at").empty();
                       });
            },
            120s));
        for (const auto& one : allTasks())
            ASSERT_EQ(one.stringOr("status"), "success") << core::json::write(one);
    }
    /// Oldest first.
    std::vector<Value> allTasks() {
        std::vector<Value> all;
        const auto page = get("/api/v1/restic/tasks?limit=500");
        for (const auto& one : *page.find("items")->array())
            all.push_back(one);
        std::sort(all.begin(), all.end(), [](const Value& a, const Value& b) {
            return std::pair(a.stringOr("created_at"), a.stringOr("id")) <
                   std::pair(b.stringOr("created_at"), b.stringOr("id"));
        });
        return all;
    }
    std::vector<Shot> ofPolicy(const std::string& policy, const std::string& host = "web-01") {
        std::vector<Shot> some;
        for (const auto& one : shots())
            if (one.group.starts_with(host + " ") && one.group.ends_with("policy:" + policy))
                some.push_back(one);
        return some;
    }
    /// Restic's own exclusive lock beside any other work: what it would refuse, and what we must not try.
    static void expectNoneMet(const std::vector<Value>& tasks) {
        const auto isAlone = [](const Value& task) {
            const auto kind = task.stringOr("type");
            return kind == "forget" || kind == "prune" || kind == "check" || kind == "init";
        };
        const auto takesLock = [&](const Value& task) {
            return isAlone(task) || task.stringOr("type") == "backup";
        };
        for (const auto& a : tasks)
            for (const auto& b : tasks) {
                if (a.stringOr("id") >= b.stringOr("id") || !takesLock(a) || !takesLock(b) ||
                    (!isAlone(a) && !isAlone(b)))
                    continue;
                EXPECT_TRUE(a.stringOr("completed_at") <= b.stringOr("started_at") ||
                            b.stringOr("completed_at") <= a.stringOr("started_at"))
                    << core::json::write(a) << "\n"
                    << core::json::write(b);
            }
    }

    const std::chrono::sys_days today_ = std::chrono::floor<days>(core::SystemClock().now());
};
INSTANTIATE_TEST_SUITE_P(Restic, MaintenanceOfAYear,
                         testing::ValuesIn(longTests() ? restics() : std::vector{restics().front()}),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(MaintenanceOfAYear, KeepsWhatTheRulesSayReadsAllDataAndLetsNothingMeet) {
    auto changed = policyBody("nightly");
    changed.set("include_paths", Array{source_.string()});
    changed.set("repository_id", repositoryId_);
    changed.set("retention_rules", kRules.toJson());
    ASSERT_EQ(api().send("PUT", "/api/v1/restic/policies/" + policyId_, admin_, changed).status, 200);
    // A second policy saves there whenever the others work.
    auto busy = policyBody("hourly");
    busy.set("include_paths", Array{(source_ / "deep").string()});
    busy.set("repository_id", repositoryId_);
    busy.set("retention_rules", Rules{.last = 2}.toJson());
    const auto hourly = post("/api/v1/restic/policies", busy, 201).stringOr("id");
    const auto link = "/api/v1/restic/agents/" + agentId_ + "/policies/" + hourly;
    ASSERT_EQ(api().send("PUT", link, "Bearer " + admin_).status, 204);
    auto maintenance = farMaintenance();
    maintenance.set("check_subset", "1/" + std::to_string(parts()));
    const Object care{{"maintenance", maintenance},
                      {"name", "store"},
                      {"type", "local"},
                      {"url", repository_.string()},
                      {"password", kRepositoryPassword}};
    const auto put = api().send("PUT", "/api/v1/restic/repositories/" + repositoryId_, admin_, care);
    ASSERT_EQ(put.status, 200) << put.body;
    // Each target has a good backup; what nobody asked to thin out is there before.
    ASSERT_EQ(outcome(backupNow()), "success");
    ASSERT_TRUE(setNextRun(hourly, today_ - days(400)));
    ASSERT_NO_FATAL_FAILURE(awaitMade(2));
    std::set<std::string> foreign;
    const auto ours = idsOf(shots());
    for (const int ago : {10, 200, 360}) {
        saveAt(today_ - days(ago), "db-01", {"policy:" + policyId_}, source_);
        saveAt(today_ - days(ago), "web-01", {}, source_);
    }
    for (const auto& id : idsOf(shots()))
        if (!ours.contains(id))
            foreign.insert(id);
    ASSERT_EQ(foreign.size(), 6U);

    const auto all = nights();
    std::size_t made = 2;
    std::vector<std::string> read;
    for (int round = 1; round <= rounds(); ++round) {
        SCOPED_TRACE(round);
        const auto from = today_ - days(366 - 365 * (round - 1) / rounds());
        const auto to = today_ - days(366 - 365 * round / rounds());
        std::vector<core::Instant> some;
        std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                     [&](core::Instant night) { return night >= from && night < to; });
        ASSERT_NO_FATAL_FAILURE(save(some));
        const auto before = ofPolicy(policyId_);
        // All at once, each in a slot of the time that has come.
        ASSERT_TRUE(setNextRun(hourly, to));
        for (const auto* operation : {"forget", "prune", "check"})
            makeDue(operation, to);
        made += 5; // forget has one for each policy
        ASSERT_NO_FATAL_FAILURE(awaitMade(made));
        EXPECT_EQ(idsOf(ofPolicy(policyId_)), keptBy(before, kRules));
    }
    const auto tasks = allTasks();
    EXPECT_EQ(tasks.size(), made);
    expectNoneMet(tasks);
    for (const auto& one : tasks) {
        EXPECT_EQ(one.integerOr("attempt"), 1) << core::json::write(one);
        if (one.stringOr("type") == "check")
            read.push_back(one.find("parameters")->stringOr("read_data_subset"));
    }
    ASSERT_EQ(read.size(), static_cast<std::size_t>(rounds()));
    for (int i = 0; i < rounds(); ++i)
        EXPECT_EQ(read[static_cast<std::size_t>(i)],
                  std::to_string(i % parts() + 1) + "/" + std::to_string(parts()));

    succeed(post("/api/v1/restic/tasks", {{"type", "snapshots"}, {"repository_id", repositoryId_}}, 202)
                .stringOr("id"));
    const auto left = idsOf(shots());
    EXPECT_TRUE(std::includes(left.begin(), left.end(), foreign.begin(), foreign.end()));
    // The busy one's retention goes on where no backup comes between.
    const auto newest = keptBy(ofPolicy(hourly), {.last = 2});
    makeDue("forget", today_);
    ASSERT_NO_FATAL_FAILURE(awaitMade(made + 3));
    EXPECT_EQ(idsOf(ofPolicy(hourly)), newest);
    EXPECT_GE(ofPolicy(policyId_).size(), 12U) << "a month has one at least";
    const auto seen = get("/api/v1/restic/repositories/" + repositoryId_);
    for (const auto* operation : {"forget", "prune", "check"})
        EXPECT_TRUE(seen.find("maintenance")->find("problems")->find(operation)->isNull()) << operation;
}

} // namespace
} // namespace test
