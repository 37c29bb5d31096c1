#include <algorithm>

#include "agent_fixture.h"
#include "support/restics.h"

/// The two halves of a change of the password, with each restic: how often and however late they come, a
/// password that the server knows opens the repository.
namespace test {
namespace {
using namespace std::chrono_literals;
using core::json::Array;
using core::json::Object;
using core::json::Value;

class KeysTest : public AgentTest, public testing::WithParamInterface<Restic> {
protected:
    static constexpr auto kNew = "staple-of-tomorrow";

    void SetUp() override {
        AgentTest::SetUp();
        ASSERT_TRUE(GetParam().program == "restic" || std::filesystem::exists(GetParam().program))
            << GetParam().program << " is missing: scripts/restics.sh fetches it";
        configure("  binary: " + GetParam().program + "\n");
        initRepository();
        enrollAndStart();
    }

    Value run(Object payload) {
        task_ = newId();
        payload.set("task_id", task_);
        server_.sendTask(payload);
        auto result = server_.awaitResult(task_);
        EXPECT_TRUE(result);
        return result.value_or(Value());
    }
    Object addKey(const std::string& from = kPassword, const std::string& to = kNew) {
        auto repository = repositoryObject(from);
        repository.set("new_password", to);
        return {{"task_id", ""}, {"attempt", 1}, {"type", "add_key"}, {"repository", repository}};
    }
    Object removeKey(const std::string& key, const std::string& password = kNew) {
        return {{"task_id", ""},
                {"attempt", 1},
                {"type", "remove_key"},
                {"repository", repositoryObject(password)},
                {"key_id", key}};
    }
    Value succeed(const Object& payload) {
        const auto report = run(payload);
        EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
        const auto* result = report.find("result");
        return result != nullptr ? *result : Value();
    }
    Value fail(const Object& payload, const std::string& error) {
        const auto report = run(payload);
        EXPECT_EQ(report.stringOr("status"), "failed");
        EXPECT_EQ(field(report, "error", "error"), error) << core::json::write(report);
        return report;
    }
    /// Restic itself opens the repository, by hand, with a password in a file.
    bool opens(const std::string& password) {
        writeFile(dir_ / "typed", password + "\n");
        core::ProcessSpec spec;
        spec.program = GetParam().program;
        spec.arguments = {"cat", "config", "--no-lock", "--password-file", (dir_ / "typed").string()};
        spec.environment = kEnvironment;
        spec.environment["RESTIC_REPOSITORY"] = repository_.string();
        spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        return runner_.run(spec).value().exit.ok();
    }
    std::size_t keys() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(repository_ / "keys"))
            count += entry.path().filename().string().size() == 64 ? 1 : 0;
        return count;
    }

    std::string task_;
};
INSTANTIATE_TEST_SUITE_P(Restic, KeysTest, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(KeysTest, TheNewPasswordOpensAndThenTheOldOneNoLonger) {
    const auto before = succeed(backup(""));
    const auto added = succeed(addKey());
    const auto old = added.stringOr("old_key_id");
    EXPECT_GE(old.size(), 8U);
    EXPECT_GE(added.stringOr("new_key_id").size(), 8U);
    EXPECT_NE(old, added.stringOr("new_key_id"));
    EXPECT_TRUE(opens(kPassword)) << "until the server has heard of the new one";
    EXPECT_TRUE(opens(kNew));
    EXPECT_EQ(keys(), 2U);
    // The report may be lost: the same once more adds nothing.
    EXPECT_EQ(succeed(addKey()).stringOr("old_key_id"), old);
    EXPECT_EQ(keys(), 2U);

    EXPECT_TRUE(succeed(removeKey(old)).booleanOr("removed"));
    EXPECT_FALSE(opens(kPassword));
    EXPECT_TRUE(opens(kNew));
    EXPECT_FALSE(succeed(removeKey(old)).booleanOr("removed", true)) << "it is gone already";
    EXPECT_EQ(keys(), 1U);
    auto after = backup("");
    after.set("repository", repositoryObject(kNew));
    EXPECT_EQ(succeed(after).stringOr("snapshot_id").size(), 64U);
    password_ = kNew;
}

TEST_P(KeysTest, TheKeyThatThePasswordOpensIsNeverRemoved) {
    const auto added = succeed(addKey());
    const auto report = fail(removeKey(added.stringOr("new_key_id")), "InvalidTask");
    EXPECT_NE(field(report, "error", "message").find("never removed"), std::string::npos)
        << core::json::write(report);
    EXPECT_TRUE(opens(kNew));
    EXPECT_TRUE(opens(kPassword));
    EXPECT_EQ(keys(), 2U);
}

TEST_P(KeysTest, NothingIsAddedWhereTheOldPasswordDoesNotOpen) {
    fail(addKey("not-the-password"), "AuthenticationFailed");
    fail(addKey(kPassword, kPassword), "InvalidTask");
    fail(addKey(kPassword, " untidy "), "InvalidTask");
    fail(removeKey("aaaaaaaa", "not-the-password"), "AuthenticationFailed");
    EXPECT_EQ(keys(), 1U);
    EXPECT_TRUE(opens(kPassword));
}

TEST_P(KeysTest, APasswordThatOnlyTheEnvironmentCarriesCanBeReplaced) {
    constexpr auto kUntidy = " from before ";
    std::filesystem::remove_all(repository_);
    core::ProcessSpec spec;
    spec.program = GetParam().program;
    spec.arguments = {"init"};
    spec.environment = kEnvironment;
    spec.environment["RESTIC_REPOSITORY"] = repository_.string();
    spec.environment["RESTIC_PASSWORD"] = kUntidy;
    ASSERT_TRUE(runner_.run(spec).value().exit.ok());
    const auto added = succeed(addKey(kUntidy));
    EXPECT_TRUE(succeed(removeKey(added.stringOr("old_key_id"))).booleanOr("removed"));
    EXPECT_TRUE(opens(kNew));
    EXPECT_EQ(keys(), 1U);
    password_ = kNew;
}

TEST_P(KeysTest, AnAgentThatIsKilledAfterTheKeyWasAddedFindsIt) {
    // The storage takes the key, and restic then takes its time: whoever dies there has told nobody.
    const auto slow = dir_ / "slow";
    writeFile(slow, "#!/bin/sh\n" + GetParam().program + " \"$@\"; code=$?\ncase \"$*\" in *' add '*) : >" +
                        (dir_ / "added").string() + "; exec sleep 60;; esac\nexit $code\n");
    std::filesystem::permissions(slow, std::filesystem::perms(0755));
    stopAgent();
    configure("  binary: " + slow.string() + "\n");
    startAgent();
    task_ = newId();
    auto payload = addKey();
    payload.set("task_id", task_);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return std::filesystem::exists(dir_ / "added"); }, 60s));
    killAgent();
    agent_.reset();
    EXPECT_EQ(keys(), 2U);
    EXPECT_TRUE(opens(kPassword));
    configure("  binary: " + GetParam().program + "\n");
    const auto polls = server_.polls().size();
    startAgent();
    // The dead agent's poll is still parked, and would take the task.
    ASSERT_TRUE(await([&] { return server_.polls().size() > polls; }));
    EXPECT_GE(succeed(payload).stringOr("old_key_id").size(), 8U);
    EXPECT_EQ(keys(), 2U) << "one for each password";
}

} // namespace
} // namespace test
