#include "integration/storage/storage_fixture.h"

/// A repository's whole life on each real server with each restic, as people start it.
namespace test {
namespace {

class Storage : public StorageSystemTest,
                public testing::WithParamInterface<std::tuple<StorageKind, Restic>> {
protected:
    void SetUp() override {
        server_ = std::get<0>(GetParam()).start(dir_ / "server");
        ASSERT_NO_FATAL_FAILURE(beginWith(std::get<1>(GetParam())));
    }
};
INSTANTIATE_TEST_SUITE_P(Real, Storage,
                         testing::Combine(testing::ValuesIn(storageKinds()), testing::ValuesIn(restics())),
                         [](const auto& instance) {
                             return std::get<0>(instance.param).name + "_" + std::get<1>(instance.param).name;
                         });

TEST_P(Storage, ARepositoryIsTestedMadeFilledCheckedThinnedAndPruned) {
    const auto repository = registered("circle");
    if (lacksKind()) {
        EXPECT_EQ(failTest(repository).stringOr("error"), "BackendUnsupported");
        return;
    }
    const auto empty = succeed(startTest(repository));
    EXPECT_EQ(fieldOf(empty, "found"), "false");
    EXPECT_EQ(empty.find("repository_id"), nullptr);
    EXPECT_EQ(get("/api/v1/restic/repositories/" + repository)
                  .find("maintenance")
                  ->find("last")
                  ->array()
                  ->at(0)
                  .stringOr("kind"),
              "test");

    const auto made = succeed(start("init", repository));
    EXPECT_EQ(fieldOf(made, "created"), "true") << "an empty place that was tested is still new";
    const auto found = succeed(startTest(repository));
    EXPECT_EQ(fieldOf(found, "found"), "true");
    EXPECT_EQ(found.stringOr("repository_id"), made.stringOr("repository_id"));
    EXPECT_GE(found.integerOr("version"), 1);

    auto body = policyBody("nightly");
    body.set("include_paths", Array{source_.string()});
    body.set("repository_id", repository);
    policyId_ = post("/api/v1/restic/policies", body, 201).stringOr("id");
    ASSERT_EQ(
        api()
            .send("PUT", "/api/v1/restic/agents/" + agentId_ + "/policies/" + policyId_, "Bearer " + admin_)
            .status,
        204);
    for (int i = 0; i < 3; ++i) {
        writeFile(source_ / "changing.txt", std::string(300000, static_cast<char>('a' + i)) +
                                                core::Uuid::generate(core::Instant{}).toString());
        ASSERT_EQ(outcome(backupNow()), "success");
    }
    const auto shown = [&] { return shortIds(*get("/api/v1/restic/snapshots").find("items")); };
    const auto real = [&] { return shortIds(byHand("circle", {"snapshots", "--json"})); };
    EXPECT_EQ(shown().size(), 3U);
    EXPECT_EQ(shown(), real());

    EXPECT_EQ(succeed(start("check", repository)).integerOr("error_count", -1), 0);
    EXPECT_EQ(succeed(start("forget", repository, {{"retention", Object{{"keep_last", 1}}}}))
                  .integerOr("snapshots_removed"),
              2);
    EXPECT_GT(succeed(start("prune", repository)).integerOr("bytes_reclaimed"), 0);
    EXPECT_GT(succeed(start("stats", repository)).integerOr("total_size"), 0);
    succeed(start("unlock", repository));
    EXPECT_EQ(shown().size(), 1U);
    EXPECT_EQ(shown(), real());
    byHand("circle", {"check", "--read-data"});
    EXPECT_EQ(succeed(startTest(repository)).stringOr("repository_id"), made.stringOr("repository_id"));
}

} // namespace
} // namespace test
