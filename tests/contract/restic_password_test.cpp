#include "contract/restic_fixture.h"
#include "repositories/new_passwords.h"
#include "restic/protocol/task_kinds.h"

/// A repository's password is changed by two tasks: at every moment one that opens is kept, and however the
/// first of them ends, nothing stays of what was to be the new one or of what was the old.
namespace test {
namespace {
using core::json::Object;
using core::json::Value;

class ResticPassword : public ResticParts {
protected:
    /// What the route does.
    Uuid change(const std::string& password = kNew) {
        return here([&](Transaction& tx) {
            const auto repository = host.repositories.forNewPassword(tx, store, password);
            restic::TaskRequest request;
            request.type = "add_key";
            request.agent = host.repositories.caretaker(tx, repository.id);
            request.repository = repository.id;
            const auto task = host.tasks.create(tx, request);
            passwords.keep(tx, task.id, password);
            return task.id;
        });
    }
    restic::RepositorySpec spec() const {
        restic::RepositorySpec wanted;
        wanted.name = "store";
        wanted.type = "local";
        wanted.url = "/srv/store";
        wanted.agent = web;
        return wanted;
    }
    Uuid made() {
        auto wanted = spec();
        wanted.password = kSecret;
        return here([&](Transaction& tx) { return host.repositories.create(tx, wanted).id; });
    }
    void update(const restic::RepositorySpec& wanted) {
        here([&](Transaction& tx) { host.repositories.update(tx, store, wanted); });
    }
    /// The payload that the agent gets.
    Object given() {
        auto items = host.tasks.handOut(tenant, web, 10).items;
        return items.empty() ? Object() : items.front().payload;
    }
    static std::string inRepository(const Object& payload, const std::string& field) {
        const auto* repository = payload.find("repository");
        return repository == nullptr ? "" : repository->stringOr(field);
    }
    std::string kept() {
        return here([&](Transaction& tx) {
            return base.vault->get(tx, {tx.tenant(), "restic_repositories", store, "password"}).value_or("");
        });
    }
    void reportAdded(const Uuid& id, int attempt = 1) {
        auto report = said("success", attempt);
        report.result = Object{{"outcome", "success"}, {"old_key_id", kOldKey}, {"new_key_id", kNewKey}};
        host.tasks.report(tenant, web, id, report);
    }
    void reportRemoved(const Uuid& id) {
        auto report = said("success");
        report.result = Object{{"outcome", "success"}, {"removed", true}};
        host.tasks.report(tenant, web, id, report);
    }
    std::optional<restic::Task> waiting(const std::string& kind) {
        const auto found =
            here([&](Transaction& tx) { return restic::TaskStore::waitingOf(tx, store, kind); });
        return found.empty() ? std::nullopt : std::optional(found.front());
    }
    void expectNothingOfTheNewOne() {
        EXPECT_EQ(rows("secrets WHERE owner_table = 'restic_tasks'"), 0);
        EXPECT_EQ(kept(), kSecret) << "what opened it before still does";
        EXPECT_FALSE(waiting("remove_key")) << "nothing is taken away";
    }

    static inline const std::string kNew = "canary-of-tomorrow";
    static inline const std::string kOldKey = "aaaaaaaa";
    static inline const std::string kNewKey = "bbbbbbbb";
    restic::NewPasswords passwords{base.vault};
    Uuid web = agent("web-01");
    Uuid store = made();
};
BOTH_DATABASES(ResticPassword);

TEST_P(ResticPassword, IsChangedByTwoTasksAndKeptAllTheWhile) {
    const auto add = change();
    EXPECT_EQ(kept(), kSecret);
    EXPECT_EQ(everything().find("canary"), std::string::npos) << "both are sealed";
    const auto first = given();
    EXPECT_EQ(Value(first).stringOr("type"), "add_key");
    EXPECT_EQ(inRepository(first, "password"), kSecret);
    EXPECT_EQ(inRepository(first, "new_password"), kNew);
    host.tasks.report(tenant, web, add, said("running"));
    EXPECT_EQ(kept(), kSecret);
    EXPECT_FALSE(waiting("remove_key"));

    reportAdded(add);
    EXPECT_EQ(status(add), "success");
    EXPECT_EQ(kept(), kNew);
    EXPECT_EQ(rows("secrets WHERE owner_table = 'restic_tasks'"), 0);
    const auto remove = waiting("remove_key");
    ASSERT_TRUE(remove) << "made with the end of the first";
    EXPECT_EQ(remove->agent, web);
    const auto second = given();
    EXPECT_EQ(Value(second).stringOr("key_id"), kOldKey);
    EXPECT_EQ(inRepository(second, "password"), kNew);
    EXPECT_EQ(inRepository(second, "new_password"), "");
    reportRemoved(remove->id);
    EXPECT_EQ(status(remove->id), "success");
    EXPECT_EQ(kept(), kNew);
    EXPECT_EQ(everything().find("canary"), std::string::npos);
    EXPECT_FALSE(waiting("remove_key")) << "a report that comes twice makes nothing";
    reportAdded(add);
    EXPECT_FALSE(waiting("remove_key"));
}

TEST_P(ResticPassword, StaysWhereTheNewOneCannotBeAdded) {
    const auto failing = change();
    given();
    host.tasks.report(tenant, web, failing, failed("AuthenticationFailed"));
    EXPECT_EQ(status(failing), "failed");
    expectNothingOfTheNewOne();

    const auto cancelled = change();
    host.tasks.cancel(tenant, cancelled);
    EXPECT_EQ(status(cancelled), "cancelled");
    expectNothingOfTheNewOne();

    const auto abandoned = change();
    given();
    here([&](Transaction& tx) { host.tasks.abandonAll(tx, web); });
    EXPECT_EQ(status(abandoned), "failed");
    expectNothingOfTheNewOne();
}

TEST_P(ResticPassword, IsKeptForTheNextAttemptOfWhatMayPass) {
    const auto add = change();
    given();
    host.tasks.report(tenant, web, add, failed("NetworkError"));
    EXPECT_EQ(status(add), "queued");
    clock.advance(restic::TaskSettings{}.retryBackoff + 1s);
    EXPECT_EQ(inRepository(given(), "new_password"), kNew);
    reportAdded(add, 1);
    EXPECT_EQ(kept(), kSecret) << "an attempt that no longer holds the task changes nothing";
    reportAdded(add, 2);
    EXPECT_EQ(kept(), kNew);
}

TEST_P(ResticPassword, IsNeverChangedByTwoAtOnce) {
    const auto add = change();
    EXPECT_EQ(errorOf([&] { change("canary-of-another"); }).name(), "PasswordChanging");
    auto changed = spec();
    changed.password = "canary-of-another";
    EXPECT_EQ(errorOf([&] { update(changed); }).name(), "PasswordChanging");
    changed.password.reset();
    changed.url = "/srv/elsewhere";
    EXPECT_EQ(errorOf([&] { update(changed); }).name(), "PasswordChanging") << "the key would be added there";
    update(spec()); // all else may be changed
    given();
    reportAdded(add);
    EXPECT_EQ(errorOf([&] { change("canary-of-another"); }).name(), "PasswordChanging")
        << "the old key is not gone yet";
    const auto remove = waiting("remove_key");
    ASSERT_TRUE(remove);
    given();
    reportRemoved(remove->id);
    EXPECT_EQ(status(change("canary-of-another")), "queued");
}

TEST_P(ResticPassword, IsRefusedWhereItWouldNotBeTheWholePassword) {
    const auto refused = [&](const std::string& password) {
        const auto error = errorOf([&] { change(password); });
        EXPECT_EQ(error.name(), "ValidationError");
        EXPECT_EQ(error.details().at(0).pointer, "/password");
    };
    refused(kSecret); // its key would be added and removed
    refused(" with spaces ");
    auto inFile = spec();
    inFile.passwordFile = "/etc/restic/password";
    update(inFile);
    const auto error = errorOf([&] { change(); });
    EXPECT_EQ(error.name(), "PasswordElsewhere");
    EXPECT_NE(std::string(error.what()).find("/etc/restic/password"), std::string::npos) << error.what();
    auto anywhere = spec();
    anywhere.password = kSecret;
    anywhere.agent.reset();
    update(anywhere);
    EXPECT_EQ(errorOf([&] { change(); }).name(), "PasswordElsewhere") << "each machine has its own disk";
    EXPECT_EQ(rows("restic_tasks"), 0);
    EXPECT_EQ(rows("secrets WHERE owner_table = 'restic_tasks'"), 0);
}

TEST_P(ResticPassword, IsNeverChangedAgainWithWhatIsForgotten) {
    const auto add = change();
    given();
    reportAdded(add);
    EXPECT_EQ(errorOf([&] { host.tasks.retry(tenant, add); }).name(), "Conflict");
    // However it came about: an agent gets no task without what it is about.
    const auto remove = waiting("remove_key");
    ASSERT_TRUE(remove);
    host.tasks.cancel(tenant, remove->id);
    const auto again = host.tasks.retry(tenant, remove->id);
    EXPECT_EQ(again.parameters.stringOr("key_id"), kOldKey) << "it holds no secret, and may be tried again";
    host.tasks.cancel(tenant, again.id);
    const auto bare = change("canary-of-another");
    here([&](Transaction& tx) { passwords.forget(tx, bare); });
    EXPECT_TRUE(given().empty());
    EXPECT_EQ(task(bare).error.stringOr("error"), "InvalidTask");
}

TEST_P(ResticPassword, GoesWithARepositoryThatIsRemoved) {
    const auto add = change();
    given();
    here([&](Transaction& tx) { host.repositories.remove(tx, store); });
    reportAdded(add);
    EXPECT_EQ(status(add), "success");
    EXPECT_EQ(rows("secrets"), 0);
    EXPECT_FALSE(waiting("remove_key"));
}

TEST_P(ResticPassword, IsOfItsTenant) {
    EXPECT_EQ(errorOf([&] {
                  in(other, [&](Transaction& tx) { host.repositories.forNewPassword(tx, store, kNew); });
              }).name(),
              "RepositoryNotFound");
    const auto add = change();
    EXPECT_FALSE(in(other, [&](Transaction& tx) { return passwords.find(tx, add); }));
}

} // namespace
} // namespace test
