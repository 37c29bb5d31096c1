#pragma once

#include "integration/system/agent_fixture.h"
#include "support/repository_on_disk.h"
#include "support/restics.h"
#include "support/storage_servers.h"

namespace test {

/// The real host, a real agent with one restic, and repositories on a real storage server.
class StorageSystemTest : public BackupSystemTest {
protected:
    void beginWith(const Restic& restic) {
        ASSERT_TRUE(restic.program == "restic" || std::filesystem::exists(restic.program))
            << restic.program << " is missing: scripts/restics.sh fetches it";
        restic_ = restic.program;
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = restic_;
        if (server_)
            agentEnvironment_.insert(server_->detour().begin(), server_->detour().end());
        startBackend();
        enroll();
        startAgent();
    }
    void TearDown() override {
        BackupSystemTest::TearDown();
        server_.reset();
    }

    /// Registers a repository with these fields of its kind.
    std::string registered(const std::string& name, const std::string& kind, const Object& config,
                           const std::string& certFile = {},
                           const std::string& password = kRepositoryPassword) {
        Object body{{"name", name},
                    {"type", kind},
                    {"config", config},
                    {"maintenance", farMaintenance()},
                    {"password", password}};
        if (!certFile.empty())
            body.set("cert_file", certFile);
        return post("/api/v1/restic/repositories", body, 201).stringOr("id");
    }
    std::string registered(const std::string& name) {
        return registered(name, server_->kind(), server_->config(name), server_->authority());
    }

    std::string start(const std::string& kind, const std::string& repository, const Object& parameters = {}) {
        Object body{{"type", kind}, {"repository_id", repository}, {"agent_id", agentId_}};
        if (!parameters.empty())
            body.set("parameters", parameters);
        if (kind == "forget")
            body.set("confirm_removal", true);
        return post("/api/v1/restic/tasks", body, 202).stringOr("id");
    }
    /// A field as JSON; "" where there is none.
    static std::string fieldOf(const Value& of, std::string_view name) {
        const auto* field = of.find(name);
        return field != nullptr ? core::json::write(*field) : "";
    }
    /// The task of a test that the repository's own route starts.
    std::string startTest(const std::string& repository) {
        return post("/api/v1/restic/repositories/" + repository + "/test", {{"agent_id", agentId_}}, 202)
            .stringOr("id");
    }
    /// The error of a test that must fail, at its first attempt.
    Value failTest(const std::string& repository) {
        const auto id = startTest(repository);
        EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
        const auto ended = task(id);
        EXPECT_EQ(ended.integerOr("attempt"), 1);
        const auto* error = ended.find("error");
        return error != nullptr ? *error : Value();
    }

    /// Whether this restic was built without the server's kind.
    bool lacksKind() {
        return run("probe", {"cat", "config"}).error.find("invalid backend") != std::string::npos;
    }
    /// restic by hand on a repository of the server: it succeeds, and this is its answer.
    Value byHand(const std::string& name, std::vector<std::string> arguments) {
        const auto result = run(name, std::move(arguments));
        EXPECT_TRUE(result.exit.ok()) << result.error;
        return core::json::parse(result.output).ok() ? core::json::parse(result.output).value() : Value();
    }
    core::ProcessResult run(const std::string& name, std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = restic_;
        spec.arguments = std::move(arguments);
        spec.arguments.insert(spec.arguments.end(), server_->options().begin(), server_->options().end());
        spec.environment = server_->environment(name);
        spec.environment.insert(server_->detour().begin(), server_->detour().end());
        spec.environment.insert({{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                 {"HOME", "/tmp"},
                                 {"RESTIC_PASSWORD", kRepositoryPassword},
                                 {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}});
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return runner_.run(spec).value();
    }
    /// The same for the repository in a folder of this test.
    core::ProcessResult onDisk(const std::vector<std::string>& arguments) {
        auto command = std::vector<std::string>{"-r", repository_.string(), "--no-cache"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        core::ProcessSpec spec;
        spec.program = restic_;
        spec.arguments = std::move(command);
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"RESTIC_PASSWORD", kRepositoryPassword}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return runner_.run(spec).value();
    }
    static std::set<std::string> shortIds(const Value& list) {
        std::set<std::string> all;
        for (const auto& one : *list.array())
            all.insert(one.stringOr("short_id"));
        return all;
    }

    std::string restic_;
    std::unique_ptr<StorageServer> server_;
};

} // namespace test
