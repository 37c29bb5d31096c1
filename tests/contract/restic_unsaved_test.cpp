#include "contract/restic_fixture.h"
#include "repositories/maintenance_store.h"
#include "repositories/unsaved_repositories.h"

/// Tests of repositories that nobody saved: what they work with goes with them, however they end.
namespace test {
namespace {
using core::json::Object;
using core::json::Value;

class ResticUnsaved : public ResticParts {
protected:
    restic::RepositorySpec spec(const std::string& path = "offsite") const {
        restic::RepositorySpec wanted;
        wanted.name = "offsite";
        wanted.type = "s3";
        wanted.config = Object{{"endpoint", "https://storage.example.com"},
                               {"bucket", "backups"},
                               {"path", path},
                               {"access_key_id", "KEYOFTHETESTS"},
                               {"secret_access_key", kField}};
        wanted.password = kSecret;
        return wanted;
    }
    Uuid begin(const restic::RepositorySpec& wanted, std::optional<Uuid> by = {}) {
        restic::TaskRequest request;
        request.type = "test";
        request.agent = by.value_or(web);
        request.unsaved = true;
        return here([&](Transaction& tx) {
            const auto repository = host.repositories.unsaved(tx, wanted, request.agent);
            const auto task = host.tasks.create(tx, request);
            unsaved.keep(tx, task.id, repository);
            return task.id;
        });
    }
    Uuid begin() { return begin(spec()); }
    /// The payload that the agent gets.
    Object given() {
        auto items = host.tasks.handOut(tenant, web, 10).items;
        return items.empty() ? Object() : items.front().payload;
    }
    bool isKept(const Uuid& id) {
        return here([&](Transaction& tx) { return unsaved.find(tx, id).has_value(); });
    }
    void reportFound(const Uuid& id) {
        auto report = said("success");
        report.result = Object{{"outcome", "success"}, {"found", true}};
        host.tasks.report(tenant, web, id, report);
    }
    std::string error(const Uuid& id) { return task(id).error.stringOr("error"); }

    static inline const std::string kField = "canary-of-a-field";
    restic::UnsavedRepositories unsaved{base.vault};
    Uuid web = agent("web-01");
};
BOTH_DATABASES(ResticUnsaved);

TEST_P(ResticUnsaved, AreTestedWithAllTheirSecretsAndLeaveNothing) {
    const auto places = rows("restic_repository_places");
    const auto id = begin();
    EXPECT_TRUE(isKept(id));
    EXPECT_EQ(everything().find("canary"), std::string::npos) << "what is kept is sealed";
    const auto payload = given();
    const auto* repository = payload.find("repository");
    ASSERT_NE(repository, nullptr);
    EXPECT_EQ(repository->stringOr("type"), "s3");
    EXPECT_EQ(repository->stringOr("url"), "s3:https://storage.example.com/backups/offsite");
    EXPECT_EQ(repository->stringOr("password"), kSecret);
    EXPECT_EQ(repository->find("secrets")->stringOr("secret_access_key"), kField);
    EXPECT_EQ(*payload.find("once_worked")->boolean(), false);
    reportFound(id);
    EXPECT_EQ(status(id), "success");
    EXPECT_FALSE(isKept(id));
    EXPECT_EQ(rows("secrets"), 0);
    EXPECT_EQ(rows("restic_repositories"), 0);
    EXPECT_EQ(rows("restic_repository_maintenance"), 0);
    EXPECT_EQ(rows("restic_repository_places"), places) << "a test proves nothing of a place";
    EXPECT_EQ(everything().find("canary"), std::string::npos);
}

TEST_P(ResticUnsaved, LeaveNothingHoweverTheyEnd) {
    const auto failing = begin();
    given();
    host.tasks.report(tenant, web, failing, failed("NetworkError"));
    EXPECT_EQ(status(failing), "failed");
    EXPECT_FALSE(isKept(failing));

    const auto cancelled = begin();
    host.tasks.cancel(tenant, cancelled);
    EXPECT_EQ(status(cancelled), "cancelled");
    EXPECT_FALSE(isKept(cancelled));

    const auto abandoned = begin();
    here([&](Transaction& tx) { host.tasks.abandonAll(tx, web); });
    EXPECT_FALSE(isKept(abandoned));
    EXPECT_EQ(rows("secrets"), 0);
}

TEST_P(ResticUnsaved, EndWhereTheirAgentDoesNotCome) {
    const auto id = begin();
    clock.advance(29s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "queued");
    clock.advance(2s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(error(id), "TaskTimeout");
    EXPECT_FALSE(isKept(id));
}

TEST_P(ResticUnsaved, EndWhereTheirAgentDiesWithThem) {
    // Before it has begun: the task is given out again, but not for ever.
    const auto taken = begin();
    EXPECT_FALSE(given().empty());
    clock.advance(restic::TaskSettings{}.lease + 1s);
    host.tasks.sweep();
    clock.advance(1s);
    host.tasks.sweep();
    EXPECT_EQ(status(taken), "failed");
    EXPECT_FALSE(isKept(taken));
    // While it ran.
    const auto running = begin();
    EXPECT_FALSE(given().empty());
    host.tasks.report(tenant, web, running, said("running"));
    clock.advance(restic::TaskSettings{}.lease + 1s);
    host.tasks.sweep();
    EXPECT_EQ(status(running), "unreachable");
    clock.advance(31s);
    host.tasks.sweep();
    EXPECT_EQ(status(running), "failed");
    EXPECT_FALSE(isKept(running));
}

TEST_P(ResticUnsaved, AreNeverRepeatedWithWhatIsGone) {
    const auto id = begin();
    given();
    reportFound(id);
    EXPECT_EQ(errorOf([&] { host.tasks.retry(tenant, id); }).name(), "Conflict");
    // However it came about: the agent must not test the repository of its own configuration instead.
    const auto bare = begin();
    here([&](Transaction& tx) { unsaved.forget(tx, bare); });
    EXPECT_TRUE(given().empty());
    EXPECT_EQ(error(bare), "InvalidTask");
}

TEST_P(ResticUnsaved, KnowThatTheirPlaceOnceHeldARepository) {
    auto wanted = spec();
    const auto saved = here([&](Transaction& tx) { return host.repositories.create(tx, wanted).id; });
    worked(saved, web);
    EXPECT_EQ(errorOf([&] { begin(wanted); }).name(), "RepositoryAlreadyExists")
        << "it could not be added, so it is not tested";
    here([&](Transaction& tx) { host.repositories.remove(tx, saved); });
    begin(wanted);
    const auto payload = given();
    EXPECT_EQ(*payload.find("once_worked")->boolean(), true);
}

TEST_P(ResticUnsaved, MayBeWhereTheOneIsThatWouldBeChanged) {
    const auto saved = here([&](Transaction& tx) { return host.repositories.create(tx, spec()).id; });
    auto elsewhere = spec("other");
    elsewhere.name = "other";
    const auto another = here([&](Transaction& tx) { return host.repositories.create(tx, elsewhere).id; });
    here([&](Transaction& tx) {
        EXPECT_EQ(host.repositories.unsaved(tx, spec(), web, saved).url,
                  "s3:https://storage.example.com/backups/offsite");
    });
    const auto instead = [&](const Uuid& id) {
        return errorOf(
                   [&] { here([&](Transaction& tx) { host.repositories.unsaved(tx, spec(), web, id); }); })
            .name();
    };
    EXPECT_EQ(instead(another), "RepositoryAlreadyExists") << "it would have another's place";
    EXPECT_EQ(instead(Uuid::generate(clock.now())), "RepositoryNotFound");
}

TEST_P(ResticUnsaved, OnADiskAreOnThatOfTheAgent) {
    restic::RepositorySpec wanted;
    wanted.name = "disk";
    wanted.type = "local";
    wanted.url = "/srv/disk";
    wanted.password = kSecret;
    wanted.agent = web;
    const auto db1 = agent("db-01");
    here([&](Transaction& tx) { host.repositories.create(tx, wanted); });
    EXPECT_EQ(errorOf([&] { begin(wanted, web); }).name(), "RepositoryAlreadyExists");
    EXPECT_EQ(status(begin(wanted, db1)), "queued");
}

TEST_P(ResticUnsaved, AreRefusedAsThoseThatAreSaved) {
    auto wanted = spec();
    wanted.config->set("bucket", "-o");
    wanted.password.reset();
    const auto refused = errorOf([&] { begin(wanted); });
    EXPECT_EQ(refused.name(), "ValidationError");
    ASSERT_EQ(refused.details().size(), 2U);
    EXPECT_EQ(refused.details()[0].pointer, "/config/bucket");
    EXPECT_EQ(refused.details()[1].pointer, "/password");
    EXPECT_EQ(rows("secrets"), 0);
    EXPECT_EQ(rows("restic_tasks"), 0);
}

TEST_P(ResticUnsaved, AreOfTheirTenant) {
    const auto id = begin();
    EXPECT_FALSE(in(other, [&](Transaction& tx) { return unsaved.find(tx, id); }));
    EXPECT_EQ(errorOf([&] { begin(spec(), enrol(other, "theirs").id); }).name(), "AgentNotFound");
}

} // namespace
} // namespace test
