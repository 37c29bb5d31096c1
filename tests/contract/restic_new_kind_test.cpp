#include "contract/restic_fixture.h"
#include "repositories/maintenance_store.h"
#include "support/toy_task.h"
#include "tasks/kinds/maintenance.h"

/// What a new kind of task takes on the host: its declaration and one class.
namespace test {
namespace {

class CountKind final : public restic::SimpleKind<toy::CountParameters, toy::CountTask, toy::CountResult> {
public:
    CountKind() : SimpleKind(toy::kCount) {}
};

class ResticNewKind : public ResticParts {
protected:
    static std::vector<std::unique_ptr<restic::KindOfTask>> withCount(core::event::Bus& bus,
                                                                      const base::Parts& base) {
        auto kinds = restic::kindsOfTasks(bus, base.vault);
        kinds.push_back(std::make_unique<CountKind>());
        return kinds;
    }
    std::vector<core::json::Object> handOut() {
        std::vector<core::json::Object> payloads;
        for (auto& envelope : tasks.handOut(tenant, web, 10).items)
            payloads.push_back(envelope.payload);
        return payloads;
    }
    restic::Task made(const std::string& kind, core::json::Object parameters = {}) {
        auto request = manual(web, store);
        request.type = kind;
        request.parameters = std::move(parameters);
        return tasks.create(tenant, request);
    }

    restic::TaskService tasks{
        db, clock, bus, base.vault, fixture.log.logger(), restic::TaskSettings{}, withCount(bus, base)};
    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
};
BOTH_DATABASES(ResticNewKind);

TEST_P(ResticNewKind, LivesAndEndsAsAllDo) {
    EXPECT_THROW(restic::checkedParameters(tasks.kinds(), "count", {{"up_to", 0}}), core::Error);
    worked(store, web);
    made("check"); // has the repository for itself, which who takes no lock does not mind
    ASSERT_EQ(handOut().size(), 1U);
    const auto id = made("count", {{"up_to", 5}}).id;
    const auto given = handOut();
    ASSERT_EQ(given.size(), 1U);
    const core::json::Value payload(given.front());
    EXPECT_EQ(payload.stringOr("type"), "count");
    EXPECT_EQ(payload.integerOr("up_to"), 5);
    EXPECT_EQ(payload.integerOr("timeout_seconds"), 60);
    EXPECT_FALSE(payload.find("repository")->stringOr("password").empty());

    auto report = said("success");
    report.result = core::json::Object{{"outcome", "success"}, {"reached", 5}};
    tasks.report(tenant, web, id, report);
    EXPECT_EQ(status(id), "success");
    const auto last = here([&](Transaction& tx) { return restic::MaintenanceStore::of(tx, {store}); });
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last.front().kind, "count");
    EXPECT_EQ(last.front().result.integerOr("reached"), 5);
}

} // namespace
} // namespace test
