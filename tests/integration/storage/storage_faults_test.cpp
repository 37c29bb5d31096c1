#include "integration/storage/storage_fixture.h"

/// Each thing that goes wrong at a storage, caused for real: the name that it has, with each restic.
namespace test {
namespace {

class StorageFaults : public StorageSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    std::string errorOf(const std::string& id) {
        EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
        const auto ended = task(id);
        const auto* error = ended.find("error");
        if (error == nullptr)
            return "";
        EXPECT_FALSE(error->stringOr("hint").empty());
        return error->stringOr("error");
    }
    void meet(const std::string& fault) {
        server_ = startFaultyServer(dir_ / "server", fault);
        repositoryId_ = registered("repository");
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, StorageFaults, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(StorageFaults, AStorageWithoutRoomSaysThatItsQuotaIsUsedUp) {
    meet("full");
    const auto id = start("init", repositoryId_);
    EXPECT_EQ(errorOf(id), "QuotaExceeded");
    EXPECT_EQ(task(id).integerOr("attempt"), 1) << "another try finds no more room";
}

TEST_P(StorageFaults, APageInsteadOfAnAnswerIsNoRepository) {
    meet("page");
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "BackendUnavailable");
}

TEST_P(StorageFaults, AnAnswerThatEndsHalfWayIsTheNetworks) {
    meet("half");
    const auto error = errorOf(startTest(repositoryId_));
    EXPECT_TRUE(error == "NetworkError" || error == "BackendUnavailable") << error;
}

TEST_P(StorageFaults, AServerThatWasKilledIsNotAvailable) {
    server_ = startRestServer(dir_ / "server");
    repositoryId_ = registered("repository");
    succeed(start("init", repositoryId_));
    server_.reset();
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "BackendUnavailable");
}

TEST_P(StorageFaults, ACertificateThatHasExpiredIsNamed) {
    server_ = startRestServer(dir_ / "server", -1);
    EXPECT_EQ(errorOf(startTest(registered("repository"))), "CertificateError");
}

} // namespace
} // namespace test
