#include "integration/system/agent_fixture.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"
#include "support/kind_values.h"

/// Each secret of each kind of repository, through each door that takes it, with a restic that tells all that
/// it was given. That it is nowhere afterwards is what the end of every test proves.
namespace test {
namespace {

namespace protocol = restic::protocol;

class SecretsOfKinds : public BackupSystemTest, public testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        if (std::string(GetParam()) == "postgresql")
            usePostgres();
        // Its arguments go to a file that the test's end reads, all else to its error output.
        const auto program = dir_ / "telling-restic";
        writeFile(program,
                  "#!/bin/sh\n"
                  "[ \"$1\" = version ] && exec restic \"$@\"\n"
                  "printf '%s\\n' \"$@\" >>" +
                      (dir_ / "arguments.log").string() +
                      "\n"
                      "{ env; cat /dev/fd/3; for one in $(env | sed -n 's/.*=\\(\\/proc\\/.*\\)/\\1/p'); "
                      "do cat \"$one\"; done; } >&2 2>/dev/null\n"
                      "echo 'Fatal: wrong password or no key found' >&2\nexit 1\n");
        std::filesystem::permissions(program, std::filesystem::perms(0755));
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = program.string();
        startBackend();
        enroll();
        std::ofstream(dir_ / "agent.yaml", std::ios::app) << "  allow_backends: [b2, swift, rclone]\n";
        startAgent();
        ASSERT_TRUE(
            await([&] { return get("/api/v1/restic/agents/" + agentId_).stringOr("status") == "online"; }));
    }
    std::string secretWord(const std::string& of) {
        const auto word = "canary" + std::to_string(++words_) + "ofA" + of;
        traffic_->secret(word);
        return word;
    }
    Object bodyOf(const protocol::RepositoryKind& kind, const protocol::RepositoryField* secret,
                  const std::string& name) {
        auto config = requiredFields(kind, ++places_);
        if (secret != nullptr) {
            const auto value = valueWith(*secret, secretWord("Field"));
            EXPECT_TRUE(value) << kind.name << "." << secret->name << " takes no value of kind_values.cpp";
            config.set(secret->name, value.value_or(""));
            addPartners(kind, *secret, secretWord("Partner"), config);
        }
        return {{"name", name},
                {"type", kind.name},
                {"config", config},
                {"maintenance", farMaintenance()},
                {"password", secretWord("Password")}};
    }
    void expectTaken(const std::string& method, const std::string& path, const Object& body, int status) {
        const auto answer = api().send(method, path, admin_, body);
        ASSERT_EQ(answer.status, status) << path << core::json::write(body) << answer.body;
        last_ = answer.id();
    }
    void tryAll(const protocol::RepositoryKind& kind, const protocol::RepositoryField* secret) {
        SCOPED_TRACE(kind.name + (secret != nullptr ? "." + secret->name : ""));
        const std::string repositories = "/api/v1/restic/repositories";
        const auto name = "r" + std::to_string(places_);
        auto unsaved = bodyOf(kind, secret, name);
        unsaved.set("agent_id", agentId_);
        ASSERT_NO_FATAL_FAILURE(expectTaken("POST", repositories + "/test", unsaved, 202));
        tasks_.push_back(last_);
        ASSERT_NO_FATAL_FAILURE(expectTaken("POST", repositories, bodyOf(kind, secret, name), 201));
        const auto id = last_;
        auto changed = bodyOf(kind, secret, name);
        ASSERT_NO_FATAL_FAILURE(expectTaken("PUT", repositories + "/" + id, changed, 200));
        paths_.push_back(repositories + "/" + id);
        ASSERT_NO_FATAL_FAILURE(
            expectTaken("POST", repositories + "/" + id + "/test", {{"agent_id", agentId_}}, 202));
        tasks_.push_back(last_);

        auto policy = policyBody("p" + std::to_string(places_));
        auto inlined = bodyOf(kind, secret, "");
        auto config = *inlined.find("config")->object();
        const bool hasPassword = std::any_of(kind.fields.begin(), kind.fields.end(),
                                             [](const auto& field) { return field.name == "password"; });
        config.set(hasPassword ? "repository_password" : "password", *inlined.find("password"));
        policy.set("repository_type", kind.name);
        policy.set("repository_config", config);
        ASSERT_NO_FATAL_FAILURE(expectTaken("POST", "/api/v1/restic/policies", policy, 201));
        paths_.push_back("/api/v1/restic/policies/" + last_);
        // What is refused says no secret either.
        auto refused = bodyOf(kind, secret, name + "-refused");
        refused.set("unknown", secretWord("Unknown"));
        EXPECT_EQ(api().post(repositories, admin_, refused).status, 400);
    }

    int words_ = 0, places_ = 0;
    std::string last_;
    std::vector<std::string> tasks_, paths_;
};
INSTANTIATE_TEST_SUITE_P(On, SecretsOfKinds, testing::Values("sqlite", "postgresql"),
                         [](const auto& instance) { return instance.param; });

TEST_P(SecretsOfKinds, AreNowhereWhicheverWayTheyCame) {
    for (const auto* kind : protocol::repositoryKinds()) {
        ASSERT_NO_FATAL_FAILURE(tryAll(*kind, nullptr));
        for (const auto& field : kind->fields)
            if (field.secret) {
                ASSERT_NO_FATAL_FAILURE(tryAll(*kind, &field));
            }
    }
    int told = 0;
    for (const auto& id : tasks_) {
        outcome(id);
        paths_.push_back("/api/v1/restic/tasks/" + id);
        paths_.push_back("/api/v1/restic/tasks/" + id + "/logs");
        const auto ended = task(id);
        const auto* error = ended.find("error");
        told += error != nullptr && error->stringOr("error") == "AuthenticationFailed" ? 1 : 0;
    }
    EXPECT_GT(told, 30) << "restic was asked, and told what it was given: "
                        << core::json::write(task(tasks_.back()));
    for (const auto& operation : api().document().operations())
        if (operation.method == "GET" && operation.path.find('{') == std::string::npos)
            paths_.push_back(operation.path);
    for (const auto* role : {"viewer", "operator", "admin"}) {
        const auto token = apiToken(role);
        int seen = 0;
        for (const auto& path : paths_)
            seen += api().get(path, token).status == 200 ? 1 : 0;
        EXPECT_GT(seen, static_cast<int>(paths_.size()) / 2) << role;
    }
}

class CoreDumps : public BackupSystemTest {};

TEST_F(CoreDumps, AreMadeNeitherOfTheHostNorOfAnAgentNorOfRestic) {
    begin();
    const auto id = slowBackup();
    const auto pid = resticPid(id);
    ASSERT_TRUE(pid);
    for (const int one : {backend_->pid(), agent_->pid(), *pid}) {
        const auto limits = readFile("/proc/" + std::to_string(one) + "/limits");
        static const std::regex kNone(R"(Max core file size +0 +0 )");
        EXPECT_TRUE(std::regex_search(limits, kNone)) << limits;
    }
    EXPECT_EQ(outcome(id), "success");
}

} // namespace
} // namespace test
