#include <thread>

#include <gtest/gtest.h>

#include "contract/polling_fixture.h"
#include "support/long_tests.h"
#include "support/sealed_snapshots.h"

/// Looks at much, and for long.
namespace test {
namespace {

class PollingScale : public Polling {
protected:
    /// Of the first format: everybody reads it.
    void makeOldRepository(const std::string& name) {
        std::filesystem::create_directories(folder.path() / "repositories");
        byHand(name, {"init", "--repository-version=1"});
        save(name, "first");
    }
};
BOTH_DATABASES(PollingScale);

TEST_P(PollingScale, ManySnapshotsAreReadOnceAndCountedRight) {
    makeOldRepository("large");
    const std::size_t count = longTests() ? 100'000 : 2'000;
    addSealedSnapshots(repositoryFolder("large"), kSecret, count);
    ASSERT_EQ(core::json::parse(byHand("large", {"snapshots", "--json", "--latest=1", "--no-lock"}))
                  .value()
                  .array()
                  ->size(),
              51U)
        << "restic itself does not read them";
    auto patient = settings();
    patient.timeout = 10min;
    usePoller(patient);
    const auto target = watch("large");
    look(target);
    const auto status = statusOf("large");
    EXPECT_EQ(status.status, "healthy") << (status.error ? status.error->message : "");
    EXPECT_EQ(status.snapshotCount, static_cast<std::int64_t>(count) + 1);
    EXPECT_EQ(rows("restic_snapshots"), static_cast<std::int64_t>(count) + 1);
    EXPECT_EQ(probe(target).found.find("groups")->array()->size(), 51U);
    EXPECT_LT(core::json::write(probe(target).found).size(), 64U << 10U);

    const int before = runner.started;
    look(target);
    EXPECT_EQ(runner.started, before);
    EXPECT_EQ(statusOf("large").snapshotCount, static_cast<std::int64_t>(count) + 1);
}

TEST_P(PollingScale, ManyTargetsAreLookedAtOnceEach) {
    const int kTargets = longTests() ? 1000 : 250;
    makeRepository("one");
    const auto first = watch("one");
    look(first);
    auto found = *probe(first).found.object();
    // The same repository a thousand times, without the empty folders of its data.
    for (const auto& entry : std::filesystem::directory_iterator(repositoryFolder("one") / "data"))
        if (std::filesystem::is_empty(entry.path()))
            std::filesystem::remove(entry.path());
    std::vector<Uuid> targetIds;
    for (int i = 0; i < kTargets; ++i) {
        const auto name = "copy-" + std::to_string(i);
        std::filesystem::copy(repositoryFolder("one"), repositoryFolder(name),
                              std::filesystem::copy_options::recursive);
        restic::RepositorySpec spec;
        spec.name = name;
        spec.type = "local";
        spec.url = repositoryFolder(name).string();
        spec.password = kSecret;
        targetIds.push_back(here([&](Transaction& tx) {
            restic::TargetSpec wanted{name, "direct", host.repositories.create(tx, spec).id, {}, {},
                                      {},   false};
            restic::TargetService service(clock, host.repositories, host.policies, poller(), kTargets + 1);
            return service.create(tx, wanted).id;
        }));
    }
    // As a first look has left it.
    found.set("repository", core::formatInstant(clock.now()));
    here([&](Transaction& tx) {
        tx.execute(
            "UPDATE restic_target_probes SET found = $2, good_at_us = $3 WHERE tenant_id = $1 AND kind = "
            "'snapshots'",
            {tx.tenant(), core::json::Value(found), clock.now()});
    });
    clock.advance(10min);
    const int before = runner.started;
    const auto& kind = *restic::findProbeKind(restic::probes::kSnapshots);
    // Two hosts with some workers each, which all begin at the same end.
    auto second = makePoller(settings());
    std::vector<std::jthread> workers;
    for (auto* one : {&poller(), second.get()})
        for (int i = 0; i < 3; ++i)
            workers.emplace_back([&, one] {
                for (const auto& target : targetIds)
                    one->look(tenant.tenant(), target, kind, {});
            });
    workers.clear();
    EXPECT_EQ(rows("restic_health_checks"), kTargets + 1) << "each once, whoever was first";
    EXPECT_LE(runner.started, before + 1) << "only the second host may ask which restic it has";
    EXPECT_EQ(system([&](Transaction& tx) {
                  return tx
                      .query(
                          "SELECT count(*) FROM restic_target_probes WHERE kind = 'snapshots' AND error IS "
                          "NULL AND claim IS NULL AND good_at_us = $1",
                          {clock.now()})[0]
                      .integer(0);
              }),
              kTargets);
}

TEST_P(PollingScale, ADayOfLooksLeavesNoByteAndNoLock) {
    makeRepository("files");
    const auto before = bytesOf("files");
    const auto target = watch("files");
    for (int i = 0; i < 24 * 12; ++i) {
        clock.advance(5min + 31s); // behind the longest interval that chance makes
        for (const auto& kind : restic::probeKinds())
            poller().look(tenant.tenant(), target, kind, {});
    }
    EXPECT_EQ(bytesOf("files"), before);
    EXPECT_TRUE(std::filesystem::is_empty(repositoryFolder("files") / "locks"));
    // 288 of snapshots, and stats and check once or twice.
    const auto looks = rows("restic_health_checks");
    EXPECT_GE(looks, 288 + 2);
    EXPECT_LE(looks, 288 + 4);
    EXPECT_EQ(statusOf("files").status, "healthy");
}

} // namespace
} // namespace test
