#include "integration/system/agent_fixture.h"
#include "support/hostile_words.h"

/// Options and commands in the texts that people give: each is refused with its field's name, or a real agent
/// hands it to a real restic as one value that does nothing.
namespace test {
namespace {

class Injection : public BackupSystemTest {
protected:
    const std::filesystem::path never_ = dir_ / "never-made";

    /// Whether the request is taken; one that is not names that field.
    bool isTaken(const std::string& path, const Object& body, const std::string& pointer, int status) {
        const auto answer = api().post(path, admin_, body);
        last_ = answer.id();
        if (answer.status == status)
            return true;
        EXPECT_EQ(answer.status, 400) << core::json::write(body) << answer.body;
        bool named = answer.error() == "MalformedRequest"; // a zero byte is in no text at all
        for (const auto& one : answer.pointers())
            named = named || one == pointer || one.starts_with(pointer + "/");
        EXPECT_TRUE(named) << core::json::write(body) << answer.body;
        return false;
    }
    /// The words that the policy's field takes, each behind the prefix.
    Array takenBy(const std::string& field, const std::string& prefix) {
        Array taken;
        for (const auto& word : hostileWords(never_.string())) {
            auto body = policyBody("of " + std::to_string(++number_));
            body.set(field, Array{prefix + word});
            if (isTaken("/api/v1/restic/policies", body, "/" + field, 201))
                taken.emplace_back(prefix + word);
        }
        return taken;
    }
    int number_ = 0;
    std::string last_;
};

TEST_F(Injection, IntoAPolicyIsOneValueOfResticOrRefused) {
    begin();
    const auto tags = takenBy("tags", "");
    const auto excludes = takenBy("exclude_paths", "");
    auto sources = takenBy("include_paths", (source_ / "s-").string());
    EXPECT_GE(tags.size(), 5U) << "a tag may look like an option";
    EXPECT_GE(sources.size(), 5U);
    for (const auto& one : sources)
        writeFile(std::filesystem::path(*one.string()) / "file.txt", *one.string());
    sources.emplace_back((source_ / "one.txt").string());
    auto body = policyBody("nightly");
    body.set("repository_id", repositoryId_);
    body.set("tags", tags);
    body.set("exclude_paths", excludes);
    body.set("include_paths", sources);
    const auto put = api().send("PUT", "/api/v1/restic/policies/" + policyId_, admin_, body);
    ASSERT_EQ(put.status, 200) << put.body;
    const auto id = backupNow();
    ASSERT_EQ(outcome(id), "success") << core::json::write(task(id));
    const auto shot = restic({"snapshots"}).array()->front();
    std::set<std::string> real;
    for (const auto& tag : *shot.find("tags")->array())
        real.insert(*tag.string());
    for (const auto& tag : tags)
        EXPECT_TRUE(real.contains(*tag.string())) << *tag.string();
    EXPECT_EQ(shot.find("paths")->array()->size(), sources.size());
    EXPECT_FALSE(std::filesystem::exists(never_));
}

TEST_F(Injection, IntoATaskIsOneValueOfResticOrRefused) {
    begin();
    ASSERT_EQ(outcome(backupNow()), "success");
    int taken = 0;
    for (const auto& word : hostileWords(never_.string())) {
        const auto give = [&](const char* kind, const std::string& field, const Value& value) {
            Object body{{"type", kind}, {"parameters", Object{{field, value}}}};
            if (std::string(kind) == "backup") {
                body.set("agent_id", agentId_);
                body.set("policy_id", policyId_);
            } else {
                body.set("repository_id", repositoryId_);
            }
            if (!isTaken("/api/v1/restic/tasks", body, "/parameters/" + field, 202))
                return;
            ++taken;
            EXPECT_EQ(outcome(last_), "success") << word << core::json::write(task(last_));
        };
        give("check", "read_data_subset", word);
        give("stats", "mode", word);
        give("backup", "tags", Array{word});
        give("backup", "exclude", Array{word});
        give("backup", "sources", Array{word});
    }
    EXPECT_GE(taken, 10);
    EXPECT_FALSE(std::filesystem::exists(never_));
}

TEST_F(Injection, IntoARepositoryIsAFolderOrRefused) {
    begin();
    int taken = 0;
    for (const auto& word : hostileWords(never_.string())) {
        const auto folder = (dir_ / "stores" / "").string() + word;
        const Object body{{"name", "r" + std::to_string(++number_)},
                          {"type", "local"},
                          {"config", Object{{"path", folder}}},
                          {"maintenance", farMaintenance()},
                          {"password", kRepositoryPassword}};
        if (!isTaken("/api/v1/restic/repositories", body, "/config/path", 201))
            continue;
        ++taken;
        const auto made = post("/api/v1/restic/tasks",
                               {{"type", "init"}, {"repository_id", last_}, {"agent_id", agentId_}}, 202)
                              .stringOr("id");
        EXPECT_EQ(outcome(made), "success") << core::json::write(task(made));
        EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(folder) / "config")) << folder;
    }
    EXPECT_GE(taken, 5);
    EXPECT_FALSE(std::filesystem::exists(never_));
}

} // namespace
} // namespace test
