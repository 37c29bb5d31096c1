#include <set>

#include <fmt/format.h>

#include "contract/restic_fixture.h"
#include "history/history_pruner.h"
#include "tasks/result_store.h"

/// Items of results: counted, each once, of the attempt that holds the task, and what a listing of snapshots
/// makes of them.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;
using restic::ResultStore;
using restic::protocol::ResultItems;
using restic::protocol::ResultPart;

std::string idOf(int number) {
    return fmt::format("{0:08x}{0:056}", number);
}
std::string lineOf(int number, const std::string& host = "web-01") {
    return core::json::write(
        Object{{"id", idOf(number)}, {"time", "2026-01-02T03:04:05Z"}, {"hostname", host}});
}
std::vector<std::string> lines(int from, int to) {
    std::vector<std::string> all;
    for (int number = from; number <= to; ++number)
        all.push_back(lineOf(number));
    return all;
}
ResultItems counted(const std::vector<std::string>& all) {
    ResultItems items;
    for (const auto& line : all)
        items.add(line);
    return items;
}
ResultPart part(std::int64_t first, std::vector<std::string> all, int attempt = 1) {
    return {attempt, first, std::move(all)};
}

class ResticResults : public ResticParts {
protected:
    ResticResults() {
        worked(store, web);
        here([&](Transaction& tx) {
            tx.execute("UPDATE restic_repositories SET agent_id = $3 WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), store, web});
        });
        worked(store, web);
    }
    /// A listing that its agent has begun.
    Uuid listing() {
        auto request = manual(web, store);
        request.type = "snapshots";
        request.parameters = Object();
        const auto id = host.tasks.create(tenant, request).id;
        host.tasks.handOut(tenant, web, 10);
        host.tasks.report(tenant, web, id, said("running"));
        clock.advance(1s);
        return id;
    }
    restic::TaskService::ItemsAnswer send(const Uuid& id, const ResultPart& items) {
        return host.tasks.appendItems(tenant, web, id, items);
    }
    restic::TaskService::ReportAnswer end(const Uuid& id, const ResultItems& items, int attempt = 1) {
        auto report = said("success", attempt);
        report.result = Object{{"outcome", "success"}, {"count", items.count}};
        report.items = items;
        return host.tasks.report(tenant, web, id, report);
    }
    /// A whole listing of these.
    Uuid list(const std::vector<std::string>& all) {
        const auto id = listing();
        if (!all.empty())
            send(id, part(1, all));
        EXPECT_EQ(end(id, counted(all)).ack.status, "success");
        return id;
    }
    /// The numbers in the ids that are held, by page.
    std::vector<std::int64_t> held(const Uuid& id, int attempt = 1, int limit = 500) {
        std::vector<std::int64_t> all;
        std::int64_t after = 0;
        for (bool more = true; more;) {
            const auto page =
                here([&](Transaction& tx) { return ResultStore::read(tx, id, attempt, after, limit); });
            for (const auto& item : page.items) {
                EXPECT_EQ(item.number, ++after);
                all.push_back(item.value.isNull()
                                  ? -1
                                  : std::stoll(item.value.stringOr("id").substr(0, 8), nullptr, 16));
            }
            more = page.more;
        }
        return all;
    }
    std::set<std::string> known() {
        std::set<std::string> ids;
        for (const auto& one : snapshots())
            ids.insert(one.snapshotId);
        return ids;
    }

    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
};
BOTH_DATABASES(ResticResults);

TEST_P(ResticResults, PartsAreStoredOnceWithoutGapsAndInOrder) {
    const auto id = listing();
    EXPECT_EQ(send(id, part(1, lines(1, 3))).ack.ackedItem, 3);
    EXPECT_EQ(send(id, part(1, lines(1, 3))).ack.ackedItem, 3) << "the same once more";
    EXPECT_EQ(send(id, part(3, lines(3, 5))).ack.ackedItem, 5) << "what is there of it is skipped";
    EXPECT_EQ(send(id, part(7, lines(7, 9))).ack.ackedItem, 5) << "a gap";
    EXPECT_EQ(rows("restic_task_results"), 2);
    EXPECT_FALSE(task(id).itemsCount) << "it has not ended";
    EXPECT_EQ(send(id, part(6, lines(6, 6))).ack.ackedItem, 6);
    const auto items = counted(lines(1, 6));
    EXPECT_EQ(end(id, items).ack.status, "success");
    for (const int limit : {1, 2, 4, 500})
        EXPECT_EQ(held(id, 1, limit), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6})) << limit;
    EXPECT_EQ(task(id).itemsCount, 6);
    EXPECT_EQ(task(id).itemsBytes, items.bytes);
    EXPECT_EQ(task(id).itemsRefused, 0);
    EXPECT_EQ(send(id, part(7, lines(7, 7))).refusal, &restic::errors::kTaskAlreadyFinished);
    EXPECT_EQ(end(id, items).refusal, nullptr) << "the same report again";
    EXPECT_EQ(held(id).size(), 6U);
}

TEST_P(ResticResults, AReportIsTakenWithAllItemsAndNotBefore) {
    const auto id = listing();
    send(id, part(1, lines(1, 3)));
    const auto all = counted(lines(1, 5));
    EXPECT_EQ(end(id, all).refusal, &restic::errors::kResultIncomplete) << "two are missing";
    EXPECT_EQ(status(id), "running");
    EXPECT_EQ(send(id, part(1, lines(1, 2))).ack.ackedItem, 3) << "from there the agent goes on";
    send(id, part(4, lines(4, 5)));
    auto wrong = all;
    wrong.sha256 = std::string(64, 'a');
    EXPECT_EQ(end(id, wrong).refusal, &restic::errors::kResultIncomplete);
    EXPECT_EQ(rows("restic_task_results"), 0) << "they are others: all of them again";
    EXPECT_EQ(send(id, part(3, lines(3, 5))).ack.ackedItem, 0);
    send(id, part(1, lines(1, 5)));
    EXPECT_EQ(end(id, counted(lines(1, 4))).refusal, &restic::errors::kResultIncomplete) << "more than named";
    send(id, part(1, lines(1, 5)));
    EXPECT_EQ(end(id, all).ack.status, "success");
    EXPECT_EQ(known().size(), 5U);
}

TEST_P(ResticResults, ASuccessThatDoesNotNameItsItemsIsNone) {
    const auto id = listing();
    send(id, part(1, lines(1, 2)));
    auto report = said("success");
    report.result = Object{{"outcome", "success"}, {"count", 9}};
    EXPECT_EQ(host.tasks.report(tenant, web, id, report).refusal, &restic::errors::kResultIncomplete);
    EXPECT_EQ(status(id), "running");
    // One that failed in between has what it has.
    EXPECT_EQ(host.tasks.report(tenant, web, id, failed("ResticNotFound")).refusal, nullptr);
    EXPECT_EQ(status(id), "failed");
}

TEST_P(ResticResults, AnOlderAttemptChangesNothingAndANewOneBeginsAtZero) {
    const auto id = listing();
    send(id, part(1, lines(1, 3)));
    host.tasks.report(tenant, web, id, failed("NetworkError"));
    EXPECT_EQ(rows("restic_task_results"), 0);
    EXPECT_EQ(send(id, part(4, lines(4, 5))).refusal, &restic::errors::kStaleAttempt);
    clock.advance(300s);
    ASSERT_EQ(host.tasks.handOut(tenant, web, 1).items.size(), 1U);
    EXPECT_EQ(send(id, part(4, lines(4, 5))).refusal, &restic::errors::kStaleAttempt);
    EXPECT_EQ(send(id, part(1, lines(1, 3), 3)).refusal, &restic::errors::kStaleAttempt) << "of the future";
    EXPECT_EQ(send(id, part(4, lines(4, 5), 2)).ack.ackedItem, 0);
    EXPECT_EQ(send(id, part(1, lines(7, 8), 2)).ack.ackedItem, 2);
    EXPECT_EQ(end(id, counted(lines(7, 8)), 2).ack.status, "success");
    EXPECT_EQ(held(id, 2), (std::vector<std::int64_t>{7, 8}));
    EXPECT_TRUE(held(id, 1).empty());
}

TEST_P(ResticResults, ABadItemIsNamedAndCostsOnlyItself) {
    list(lines(11, 11));
    const auto id = listing();
    auto all = lines(1, 6);
    all[1] = R"({"id":"short","time":"noon"})";
    all[3] = "no JSON at all";
    const auto answer = send(id, part(1, all));
    EXPECT_EQ(answer.ack.ackedItem, 6);
    ASSERT_EQ(answer.ack.refused.size(), 2U);
    EXPECT_EQ(answer.ack.refused[0].item, 2);
    ASSERT_EQ(answer.ack.refused[0].problems.size(), 2U);
    EXPECT_EQ(answer.ack.refused[0].problems[0].pointer, "/id");
    EXPECT_EQ(answer.ack.refused[0].problems[1].pointer, "/time");
    EXPECT_EQ(answer.ack.refused[1].item, 4);
    EXPECT_EQ(end(id, counted(all)).ack.status, "success");
    EXPECT_EQ(held(id), (std::vector<std::int64_t>{1, -1, 3, -1, 5, 6}));
    EXPECT_EQ(task(id).itemsRefused, 2);
    EXPECT_EQ(known(), (std::set<std::string>{idOf(1), idOf(3), idOf(5), idOf(6), idOf(11)}))
        << "and what a listing with holes lacks is not gone";
    const auto page = here([&](Transaction& tx) { return ResultStore::read(tx, id, 1, 1, 1); });
    EXPECT_TRUE(page.more);
    EXPECT_EQ(page.items.at(0).problems.array()->front().stringOr("pointer"), "/id");
}

TEST_P(ResticResults, TextsOfItemsAreMadePrintableAndTheirDigestIsOfWhatCame) {
    const auto id = listing();
    const std::vector<std::string> all{lineOf(1, "a\x1b[31m\xe2\x80\xae!")};
    send(id, part(1, all));
    EXPECT_EQ(end(id, counted(all)).ack.status, "success");
    const auto page = here([&](Transaction& tx) { return ResultStore::read(tx, id, 1, 0, 9); });
    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items[0].value.stringOr("hostname"), "a\\x1b[31m\\u202e!");
}

TEST_P(ResticResults, AResultHasItsLimit) {
    restic::TaskSettings settings;
    settings.resultBytes = 1LL << 20;
    restic::TaskService limited(db, clock, bus, base.vault, fixture.log.logger(), settings,
                                restic::kindsOfTasks(bus, base.vault));
    const auto id = listing();
    const std::vector<std::string> large(15, lineOf(1, std::string(200, 'x')) + std::string(60000, ' '));
    EXPECT_EQ(limited.appendItems(tenant, web, id, part(1, large)).ack.ackedItem, 15);
    EXPECT_EQ(errorOf([&] { limited.appendItems(tenant, web, id, part(16, large)); }).name(),
              "ResultTooLarge");
    EXPECT_EQ(rows("restic_task_results"), 1);
    const auto ended = host.tasks.report(tenant, web, id, failed("ResultTooLarge"));
    EXPECT_EQ(ended.ack.status, "failed") << "a second try would be as large";
}

TEST_P(ResticResults, OnlyItsOwnAgentSendsThem) {
    const auto id = listing();
    const auto second = agent("web-02");
    EXPECT_EQ(errorOf([&] { host.tasks.appendItems(tenant, second, id, part(1, lines(1, 1))); }).name(),
              "TaskNotFound");
    const auto theirs = enrol(other, "web-01").id;
    EXPECT_EQ(errorOf([&] { host.tasks.appendItems(other, theirs, id, part(1, lines(1, 1))); }).name(),
              "TaskNotFound");
    EXPECT_EQ(rows("restic_task_results"), 0);
    list(lines(1, 2));
    EXPECT_EQ(in(other, [&](Transaction& tx) { return ResultStore::held(tx, id, 1).items.count; }), 0);
    // A kind without items takes none.
    const auto backup = host.tasks.create(tenant, manual(web, store)).id;
    host.tasks.handOut(tenant, web, 10);
    EXPECT_EQ(errorOf([&] { send(backup, part(1, lines(1, 1))); }).name(), "ValidationError");
    auto report = done('a');
    report.items = ResultItems{};
    EXPECT_EQ(errorOf([&] { host.tasks.report(tenant, web, backup, report); }).name(), "ValidationError");
}

TEST_P(ResticResults, APageHasABoundInBytes) {
    const auto id = listing();
    std::vector<std::string> all;
    for (int number = 1; number <= 60; ++number)
        all.push_back(lineOf(number).substr(0, lineOf(number).size() - 1) + R"(,"more":")" +
                      std::string(40000, 'x') + R"("})");
    for (int first = 0; first < 60; first += 20)
        send(id, part(first + 1, {all.begin() + first, all.begin() + first + 20}));
    EXPECT_EQ(end(id, counted(all)).ack.status, "success");
    std::int64_t seen = 0;
    int pages = 0;
    for (bool more = true; more;) {
        const auto page = here([&](Transaction& tx) { return ResultStore::read(tx, id, 1, seen, 500); });
        std::size_t bytes = 0;
        for (const auto& item : page.items) {
            EXPECT_EQ(item.number, ++seen);
            bytes += core::json::write(item.value).size();
        }
        EXPECT_LE(bytes, ResultStore::kMostAnswered + 50000);
        ++pages;
        more = page.more;
    }
    EXPECT_EQ(seen, 60);
    EXPECT_GE(pages, 2);
}

TEST_P(ResticResults, AListingOfManyMarksWhatIsGoneAndNothingElse) {
    constexpr int kMany = 3000;
    const auto first = listing();
    for (int from = 1; from <= kMany; from += 1000)
        send(first, part(from, lines(from, from + 999)));
    EXPECT_EQ(end(first, counted(lines(1, kMany))).ack.status, "success");
    EXPECT_EQ(rows("restic_snapshots"), kMany);
    clock.advance(1h);
    // The second one lacks every third, and one is recorded while it runs.
    std::vector<std::string> left;
    for (int number = 1; number <= kMany; ++number)
        if (number % 3 != 0)
            left.push_back(lineOf(number));
    const auto second = listing();
    const auto saved = host.tasks.create(tenant, manual(web, store)).id;
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, saved, done('f'));
    for (std::size_t from = 0; from < left.size(); from += 1000)
        send(second, part(static_cast<std::int64_t>(from) + 1,
                          {left.begin() + static_cast<std::ptrdiff_t>(from),
                           left.begin() + static_cast<std::ptrdiff_t>(std::min(from + 1000, left.size()))}));
    const auto there = [&] {
        return system([&](Transaction& tx) {
            return tx.query("SELECT count(*) FROM restic_snapshots WHERE removed_at_us IS NULL")[0].integer(
                0);
        });
    };
    EXPECT_EQ(there(), kMany + 1) << "nothing is gone before the whole list is there";
    EXPECT_EQ(end(second, counted(left)).ack.status, "success");
    EXPECT_EQ(there(), static_cast<std::int64_t>(left.size()) + 1);
    EXPECT_EQ(rows("restic_snapshots"), kMany + 1) << "each once";
    clock.advance(1h);
    list(lines(1, 500)); // it was a mistake for some of them
    EXPECT_EQ(there(), 500);
}

TEST_P(ResticResults, TwoListingsAtOnceTakeNothingFromEachOther) {
    list(lines(1, 4));
    clock.advance(1h);
    const auto one = listing();
    const auto two = listing();
    send(one, part(1, lines(1, 4)));
    clock.advance(1s);
    send(two, part(1, lines(1, 4)));
    EXPECT_EQ(end(one, counted(lines(1, 4))).ack.status, "success");
    EXPECT_EQ(end(two, counted(lines(1, 4))).ack.status, "success");
    EXPECT_EQ(known().size(), 4U);
}

TEST_P(ResticResults, AnAgentOfBeforeHasItsListTakenOutOfItsReport) {
    const auto id = listing();
    Array snapshots_;
    for (int number = 1; number <= 3; ++number)
        snapshots_.push_back(core::json::parse(lineOf(number)).value());
    auto report = said("success");
    report.result = Object{{"outcome", "success"}, {"count", 3}, {"snapshots", snapshots_}};
    host.tasks.report(tenant, web, id, report);
    EXPECT_EQ(status(id), "success");
    EXPECT_EQ(task(id).result.find("snapshots"), nullptr);
    EXPECT_EQ(task(id).result.integerOr("count"), 3);
    EXPECT_EQ(task(id).itemsCount, 3);
    EXPECT_EQ(held(id), (std::vector<std::int64_t>{1, 2, 3}));
    EXPECT_EQ(known().size(), 3U);
}

TEST_P(ResticResults, ItemsGoWithLogLinesOrWithTheirTask) {
    const auto id = list(lines(1, 3));
    const auto open = listing();
    send(open, part(1, lines(1, 2)));
    clock.advance(100 * 24h);
    restic::HistoryPruner(db, clock, fixture.log.logger(), {365 * 24h, 365 * 24h, 90 * 24h}).run();
    EXPECT_TRUE(held(id).empty());
    EXPECT_EQ(held(open).size(), 2U) << "that one has not ended";
    EXPECT_EQ(task(id).itemsCount, 3);
    system([&](Transaction& tx) { tx.execute("DELETE FROM restic_tasks WHERE id = $1", {open}); });
    EXPECT_EQ(rows("restic_task_results"), 0);
}

} // namespace
} // namespace test
