#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "agent_fixture.h"

/// What is said of a backup is what happened to it, whatever restic, its wrapper or the place of the
/// repository do.
namespace test {
namespace {
using namespace std::chrono_literals;

class TruthTest : public AgentTest {
protected:
    core::json::Value run(core::json::Object payload) {
        const auto id = newId();
        payload.set("task_id", id);
        server_.sendTask(payload);
        auto result = server_.awaitResult(id);
        EXPECT_TRUE(result);
        lastTask_ = id;
        return result.value_or(core::json::Value());
    }

    /// restic.binary is a script from now on, which gets restic's arguments.
    void wrap(const std::string& script) {
        writeFile(dir_ / "wrapper", "#!/bin/sh\n" + script + "\n");
        ::chmod((dir_ / "wrapper").c_str(), 0755);
        configure("  binary: " + (dir_ / "wrapper").string() + "\n");
    }

    static std::vector<std::string> noticesOf(const core::json::Value& result) {
        std::vector<std::string> out;
        if (const auto* body = result.find("result"); body != nullptr)
            if (const auto* list = body->find("notices"); list != nullptr)
                for (const auto& notice : *list->array())
                    out.push_back(notice.stringOr("code"));
        return out;
    }

    std::size_t filesIn(const std::filesystem::path& folder) {
        std::error_code ignored;
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder, ignored),
                                                      std::filesystem::directory_iterator()));
    }

    std::string lastTask_;
};

TEST_F(TruthTest, ASnapshotIsFoundByItsTagWhenResticsMessagesAreLost) {
    initRepository();
    // As on a full disk: restic writes its messages nowhere, and ends well.
    wrap(R"(case "$1" in backup) exec restic "$@" >/dev/full;; *) exec restic "$@";; esac)");
    enrollAndStart();
    const auto result = run(backup(""));
    EXPECT_EQ(result.stringOr("status"), "success") << core::json::write(result);
    const auto listed = core::json::parse(restic({"snapshots", "--json"}).output).value();
    ASSERT_EQ(listed.array()->size(), 1U);
    EXPECT_EQ(field(result, "result", "snapshot_id"), listed.array()->front().stringOr("id"));
    EXPECT_EQ(noticesOf(result), (std::vector<std::string>{"SummaryLost"}));
}

TEST_F(TruthTest, AResticThatIsKilledAfterItsSnapshotHasMadeOne) {
    initRepository();
    wrap(R"(case "$1" in backup) restic "$@" >/dev/null; kill -9 $$;; *) exec restic "$@";; esac)");
    enrollAndStart();
    const auto result = run(backup(""));
    EXPECT_EQ(result.stringOr("status"), "warning") << core::json::write(result);
    EXPECT_EQ(field(result, "result", "snapshot_id").size(), 64U);
    EXPECT_EQ(noticesOf(result), (std::vector<std::string>{"SummaryLost", "EndedEarly"}));
}

TEST_F(TruthTest, AKeyInMemoryIsThereAsLongAsRestic) {
    // It opens the file only when the agent has long gone on.
    wrap("case \"$1\" in snapshots) until grep -q 'restic started' " + (dir_ / "agent.log").string() +
         "; do sleep 0.05; done; cat \"$GOOGLE_APPLICATION_CREDENTIALS\" >" + (dir_ / "seen").string() +
         "; exit 1;; *) exec restic \"$@\";; esac");
    enrollAndStart();
    run({{"type", "snapshots"},
         {"attempt", 1},
         {"timeout_seconds", 60},
         {"repository",
          core::json::Object{{"id", newId()},
                             {"type", "gcs"},
                             {"url", "gs:bucket:/"},
                             {"password", "word of the repository"},
                             {"config", core::json::Object{{"bucket", "bucket"}}},
                             {"secrets", core::json::Object{{"credentials", R"({"type":"none"})"}}}}}});
    EXPECT_EQ(readFile(dir_ / "seen"), "{\"type\":\"none\"}\n");
}

TEST_F(TruthTest, NoProgressIsLoggedAfterResticHasFinished) {
    initRepository();
    // A short run: its figures and its summary arrive at once. Some come even later.
    wrap("case \"$1\" in backup) status='{\"message_type\":\"status\",\"percent_done\":0,\"total_files\":2,"
         "\"total_bytes\":6}'; restic \"$@\" >" +
         (dir_ / "said").string() + "; { echo \"$status\"; cat " + (dir_ / "said").string() +
         "; echo \"$status\"; } >" + (dir_ / "all").string() + "; cat " + (dir_ / "all").string() +
         ";; *) exec restic \"$@\";; esac");
    enrollAndStart();
    const auto result = run(backup(""));
    EXPECT_EQ(result.stringOr("status"), "success") << core::json::write(result);
    const auto lines = server_.logLines(lastTask_);
    const auto finished = std::find_if(lines.begin(), lines.end(), [](const auto& line) {
        return line.find("restic finished") != std::string::npos;
    });
    ASSERT_NE(finished, lines.end()) << testing::PrintToString(lines);
    EXPECT_TRUE(std::none_of(finished, lines.end(), [](const auto& line) {
        return line.find(" %: ") != std::string::npos;
    })) << testing::PrintToString(lines);
}

TEST_F(TruthTest, AShortIdIsCompletedByTheRepositoryWhereTheAgentCannotLook) {
    initRepository();
    // The repository stands elsewhere for the agent than for restic.
    wrap("RESTIC_REPOSITORY=" + repository_.string() + " exec restic \"$@\"");
    enrollAndStart();
    auto payload = backup("");
    auto repository = repositoryObject();
    repository.set("url", "/nowhere/the/agent/may/look");
    payload.set("repository", repository);
    const auto result = run(payload);
    EXPECT_EQ(result.stringOr("status"), "success") << core::json::write(result);
    EXPECT_EQ(field(result, "result", "snapshot_id").size(), 64U);
}

TEST_F(TruthTest, WhatIsNotEmptyIsNeverInitialised) {
    enrollAndStart();
    auto payload = backup("");
    payload.set("init_if_missing", true);
    // Half an init: the keys are there, the config is not.
    initRepository();
    std::filesystem::remove(repository_ / "config");
    const auto keys = filesIn(repository_ / "keys");
    auto result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "RepositoryCorrupted") << core::json::write(result);
    EXPECT_FALSE(std::filesystem::exists(repository_ / "config"));
    EXPECT_EQ(filesIn(repository_ / "keys"), keys);

    std::filesystem::remove_all(repository_);
    writeFile(repository_ / "holiday.jpg", "x");
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "RepositoryNotFound");
    EXPECT_NE(field(result, "error", "message").find("holiday.jpg"), std::string::npos);
    EXPECT_EQ(filesIn(repository_), 1U);

    // A disk that was full when the file was written.
    std::filesystem::remove_all(repository_);
    initRepository();
    writeFile(repository_ / "config", "");
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "RepositoryCorrupted") << core::json::write(result);
    EXPECT_NE(field(result, "error", "message").find("config"), std::string::npos);

    // Through a link nothing is created: it may lead to the mount point of one that worked.
    std::filesystem::remove_all(repository_);
    std::filesystem::create_directory(dir_ / "mount");
    std::filesystem::create_directory_symlink(dir_ / "mount", repository_);
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "RepositoryNotFound");
    EXPECT_EQ(filesIn(dir_ / "mount"), 0U);
    std::filesystem::remove(dir_ / "mount");
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "RepositoryNotFound") << "a link to nothing";
    EXPECT_FALSE(std::filesystem::exists(dir_ / "mount"));

    // The root of a fresh disk is empty but for this.
    std::filesystem::remove_all(repository_);
    std::filesystem::create_directories(repository_ / "lost+found");
    EXPECT_EQ(run(payload).stringOr("status"), "success");
}

TEST_F(TruthTest, TwoThatBeginARepositoryTogetherMakeOne) {
    exempt(AgentProof::snapshots, "each round begins without a repository");
    enrollAndStart();
    for (int round = 0; round < 3; ++round) {
        std::filesystem::remove_all(repository_);
        std::vector<std::string> tasks{newId(), newId()};
        for (const auto& task : tasks) {
            auto payload = backup(task);
            payload.set("init_if_missing", true);
            server_.sendTask(payload);
        }
        for (const auto& task : tasks) {
            const auto result = server_.awaitResult(task);
            ASSERT_TRUE(result);
            EXPECT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
        }
        EXPECT_EQ(filesIn(repository_ / "keys"), 1U);
        EXPECT_TRUE(restic({"check"}).exit.ok());
    }
}

TEST_F(TruthTest, ALockThatNobodyHoldsIsRemovedOnceAndSaid) {
    exempt(AgentProof::snapshots, "the first one is made by hand");
    initRepository();
    makeLargeSource(4000000);
    ASSERT_TRUE(restic({"backup", source_.string()}).exit.ok());
    core::ProcessSpec spec;
    spec.program = "restic";
    spec.arguments = {"check", "--read-data", "--limit-download", "50"};
    spec.environment = kEnvironment;
    spec.environment["RESTIC_REPOSITORY"] = repository_.string();
    spec.environment["RESTIC_PASSWORD"] = kPassword;
    spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
    const auto holder = std::move(runner_.start(spec)).value();
    ASSERT_TRUE(await([&] { return locks() == 1; }));
    holder->signal(SIGKILL);
    ASSERT_TRUE(holder->wait(10s));
    ASSERT_EQ(locks(), 1U);
    enrollAndStart();
    const auto result = run(backup(""));
    EXPECT_EQ(result.stringOr("status"), "success") << core::json::write(result);
    EXPECT_EQ(noticesOf(result), (std::vector<std::string>{"StaleLockRemoved"}));
    EXPECT_EQ(locks(), 0U);
    const auto lines = server_.logLines(lastTask_);
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
        return line.find("PID " + std::to_string(holder->pid())) != std::string::npos;
    })) << testing::PrintToString(lines);
    EXPECT_FALSE(server_.logNumbersBroken());
}

TEST_F(TruthTest, APasswordWithWhiteSpaceAroundItOpensWhatWasMadeWithIt) {
    const std::string password = password_ = " trail \t";
    core::ProcessSpec spec;
    spec.program = "restic";
    spec.environment = kEnvironment;
    spec.environment["RESTIC_REPOSITORY"] = repository_.string();
    spec.environment["RESTIC_PASSWORD"] = password;
    spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
    spec.arguments = {"init"};
    ASSERT_TRUE(runner_.run(spec).value().exit.ok());
    enrollAndStart();
    auto payload = backup("");
    payload.set("repository", repositoryObject(password));
    const auto result = run(payload);
    EXPECT_EQ(result.stringOr("status"), "success") << core::json::write(result);
    EXPECT_EQ(noticesOf(result), (std::vector<std::string>{"PasswordNotPlain"}));
    spec.arguments = {"snapshots", "--json"};
    spec.standardOutput = core::ProcessOutput::capture();
    EXPECT_EQ(core::json::parse(runner_.run(spec).value().output).value().array()->size(), 1U);
}

TEST_F(TruthTest, ASuccessThatSavedNothingIsAWarning) {
    initRepository();
    enrollAndStart();
    std::filesystem::create_symlink(source_, dir_ / "link");
    std::filesystem::create_directory(dir_ / "empty");
    const auto from = [&](const std::string& name, core::json::Array exclude = {}) {
        auto payload = backup("");
        payload.set("sources", core::json::Array{(dir_ / name).string()});
        payload.set("exclude", std::move(exclude));
        const auto result = run(payload);
        EXPECT_EQ(result.stringOr("status"), "warning") << core::json::write(result);
        EXPECT_EQ(field(result, "result", "outcome"), "warning");
        EXPECT_EQ(field(result, "result", "snapshot_id").size(), 64U);
        return noticesOf(result);
    };
    using Codes = std::vector<std::string>;
    EXPECT_EQ(from("link"), (Codes{"SourceIsLink", "NothingSaved"}));
    EXPECT_EQ(from("link/"), (Codes{"SourceIsLink", "NothingSaved"})) << "however it is spelled";
    EXPECT_EQ(from("link/."), (Codes{"SourceIsLink", "NothingSaved"}));
    EXPECT_EQ(from("empty"), (Codes{"SourceEmpty", "NothingSaved"}));
    EXPECT_EQ(from("source", {"*"}), (Codes{"EverythingExcluded"}));
    EXPECT_EQ(from("source", {source_.string()}), (Codes{"EverythingExcluded"}));
}

TEST_F(TruthTest, AMissingSourceIsNoUnreadableFile) {
    initRepository();
    enrollAndStart();
    auto payload = backup("");
    payload.set("sources", core::json::Array{source_.string(), (dir_ / "gone").string()});
    const auto result = run(payload);
    EXPECT_EQ(result.stringOr("status"), "warning");
    EXPECT_EQ(noticesOf(result), (std::vector<std::string>{"SourceMissing"}));
    ASSERT_NE(result.find("result")->find("missing_sources"), nullptr);
    EXPECT_EQ(core::json::write(*result.find("result")->find("missing_sources")),
              core::json::write(core::json::Array{(dir_ / "gone").string()}));
}

TEST_F(TruthTest, AnInitThatIsKilledIsSaidToBe) {
    wrap(R"(case "$1" in init) kill -9 $$;; *) exec restic "$@";; esac)");
    enrollAndStart();
    auto payload = backup("");
    payload.set("init_if_missing", true);
    const auto result = run(payload);
    EXPECT_EQ(result.stringOr("status"), "failed");
    EXPECT_NE(field(result, "error", "message").find("signal 9"), std::string::npos)
        << core::json::write(result);
}

TEST_F(TruthTest, AFileSystemThatHangsHoldsNeitherCancelNorTimeLimitNorTheAgentsEnd) {
    initRepository();
    std::filesystem::create_directory(dir_ / "hung");
    enrollAndStart();
    ASSERT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
    core::ProcessSpec spec;
    spec.program = "strace";
    spec.arguments = {"-f",
                      "-p",
                      std::to_string(agent_->pid()),
                      "-P",
                      (dir_ / "hung").string(),
                      "-e",
                      "trace=newfstatat,statx,lstat",
                      "-e",
                      "inject=newfstatat,statx,lstat:delay_enter=900000000",
                      "-o",
                      (dir_ / "strace").string()};
    spec.environment = kEnvironment;
    spec.standardError = core::ProcessOutput::toFile(dir_ / "strace.err");
    auto tracer = runner_.start(spec);
    const auto traced = [&] {
        return readFile(std::filesystem::path("/proc") / std::to_string(agent_->pid()) / "status")
                   .find("TracerPid:\t0") == std::string::npos;
    };
    if (!tracer || !await([&] { return traced() || tracer.value()->wait(0ms).has_value(); }) || !traced())
        FAIL() << "strace cannot be used here: it needs the right to trace its own children";

    auto payload = backup("");
    payload.set("sources", core::json::Array{(dir_ / "hung").string()});
    payload.set("timeout_seconds", 2);
    auto result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "CommandTimeout") << core::json::write(result);

    payload.set("timeout_seconds", 600);
    const auto task = newId();
    payload.set("task_id", task);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return !server_.reports(task).empty(); }));
    server_.sendCancel(task);
    const auto cancelled = server_.awaitResult(task);
    ASSERT_TRUE(cancelled);
    EXPECT_EQ(cancelled->stringOr("status"), "cancelled");

    const auto last = newId();
    payload.set("task_id", last);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return !server_.reports(last).empty(); }));
    agent_->signal(SIGTERM);
    EXPECT_TRUE(await([&] {
        return readFile(dir_ / "agent.log").find("The agent has ended") != std::string::npos;
    })) << "SIGTERM has no effect";
    // Only then: strace itself keeps a process that it delays from being reaped.
    tracer.value()->signal(SIGKILL);
    EXPECT_TRUE(tracer.value()->wait(10s));
    EXPECT_TRUE(agent_->wait(20s));
    agent_.reset();
}

} // namespace
} // namespace test
