#include <functional>

#include "integration/system/agent_fixture.h"
#include "support/long_tests.h"
#include "support/restics.h"

/// Damage to a real repository: what it is called, who is told, and that nothing of what is left is lost by
/// what goes on. Put back, the damaged file makes the repository whole again.
namespace test {
namespace {

namespace fs = std::filesystem;

struct Damage {
    std::string name;
    std::string folder; ///< of the repository; its largest file is meant
    std::function<void(const fs::path&)> inflict;
    /// A check that reads no data sees it.
    bool inStructure = true;
    std::string error = "RepositoryCorrupted";
};
void PrintTo(const Damage& damage, std::ostream* out) {
    *out << damage.name;
}

void flip(const fs::path& file) {
    fs::permissions(file, fs::perms(0600));
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekg(100);
    const auto one = static_cast<char>(bytes.get() ^ 0x40);
    bytes.seekp(100);
    bytes.put(one);
}
void cut(const fs::path& file) {
    fs::permissions(file, fs::perms(0600));
    fs::resize_file(file, fs::file_size(file) / 2);
}
void empty(const fs::path& file) {
    fs::permissions(file, fs::perms(0600));
    fs::resize_file(file, 0);
}
void removeIt(const fs::path& file) {
    fs::remove(file);
}

std::vector<Damage> damages() {
    return {{"PackMissing", "data", removeIt},
            {"PackCut", "data", cut},
            {"PackFlipped", "data", flip, false},
            {"IndexMissing", "index", removeIt},
            {"IndexFlipped", "index", flip},
            {"SnapshotFlipped", "snapshots", flip},
            {"SnapshotEmpty", "snapshots", empty},
            {"ConfigMissing", "config", removeIt, true, "RepositoryNotFound"},
            {"ConfigEmpty", "config", empty},
            {"ConfigFlipped", "config", flip}};
}

class Damaged : public BackupSystemTest, public testing::WithParamInterface<std::tuple<Damage, Restic>> {
protected:
    const Damage& damage() const { return std::get<0>(GetParam()); }
    void SetUp() override {
        const auto& program = std::get<1>(GetParam()).program;
        ASSERT_TRUE(program == "restic" || fs::exists(program))
            << program << " is missing: scripts/restics.sh fetches it";
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = program;
        // Nothing of it in a cache.
        agentEnvironment_["RESTIC_AGENT_RESTIC_CACHE_DIR"] = (dir_ / "cache-of-the-agent").string();
        begin();
    }
    fs::path largestIn(const fs::path& folder) const {
        if (fs::is_regular_file(folder))
            return folder;
        fs::path largest;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
                largest = entry.path();
        return largest;
    }
    /// Locks come and go.
    std::map<std::string, std::string> filesOfRepository() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(repository_))
            if (entry.is_regular_file() && entry.path().parent_path().filename() != "locks")
                all[entry.path().string()] = readFile(entry.path());
        return all;
    }
    std::string start(const std::string& kind, const Object& parameters = {}) {
        Object body{{"type", kind}, {"repository_id", repositoryId_}, {"agent_id", agentId_}};
        if (!parameters.empty())
            body.set("parameters", parameters);
        if (kind == "forget")
            body.set("confirm_removal", true);
        return post("/api/v1/restic/tasks", body, 202).stringOr("id");
    }
    std::string errorOf(const std::string& id) {
        const auto ended = task(id);
        const auto* error = ended.find("error");
        return error != nullptr ? error->stringOr("error") : "";
    }
    Value light() { return get("/api/v1/restic/status/web-01%3Anightly"); }
};
INSTANTIATE_TEST_SUITE_P(Real, Damaged,
                         testing::Combine(testing::ValuesIn(damages()),
                                          // The oldest and the newest tell it; --long asks all.
                                          testing::ValuesIn(longTests() ? restics()
                                                                        : std::vector{restics().front(),
                                                                                      restics().back()})),
                         [](const auto& instance) {
                             return std::get<0>(instance.param).name + "_" + std::get<1>(instance.param).name;
                         });

TEST_P(Damaged, IsNamedShownAndMadeNoWorse) {
    makeLargeSource(600'000);
    ASSERT_EQ(outcome(backupNow()), "success");
    writeFile(source_ / "more.txt", "more");
    ASSERT_EQ(outcome(backupNow()), "success");
    ASSERT_EQ(light().stringOr("status"), "healthy");
    const auto file = largestIn(repository_ / damage().folder);
    const auto good = readFile(file);
    damage().inflict(file);
    const auto before = filesOfRepository();

    if (!damage().inStructure) {
        EXPECT_EQ(outcome(start("check")), "success") << "which reads no data";
    }
    const auto check = start("check", {{"read_data", true}});
    EXPECT_EQ(outcome(check), "failed");
    EXPECT_EQ(errorOf(check), damage().error) << core::json::write(task(check));
    EXPECT_EQ(light().stringOr("status"), "unhealthy");
    EXPECT_EQ(light().find("error")->stringOr("error"), damage().error);
    if (!damage().inStructure) {
        EXPECT_EQ(outcome(start("check")), "success");
        EXPECT_EQ(light().stringOr("status"), "unhealthy") << "a check that reads no data disproves nothing";
    }
    const auto told = *get("/api/v1/restic/repositories/" + repositoryId_).find("damage");
    EXPECT_EQ(told.stringOr("task_id"), check);
    EXPECT_EQ(told.stringOr("error"), damage().error);
    EXPECT_EQ(told.stringOr("reads"), "all");
    EXPECT_EQ(filesOfRepository(), before) << "a check changes nothing";

    // What goes on meanwhile: it may fail, and takes nothing away.
    writeFile(source_ / "new.txt", "new");
    const auto backup = backupNow();
    const auto saved = outcome(backup);
    EXPECT_TRUE(saved == "success" || saved == "warning" || errorOf(backup) == damage().error)
        << core::json::write(task(backup));
    EXPECT_EQ(light().stringOr("status"), "unhealthy");
    const auto forget = start("forget", {{"retention", Object{{"keep_last", 50}}}});
    outcome(forget);
    const auto prune = start("prune");
    outcome(prune);
    EXPECT_TRUE(errorOf(forget).empty() || errorOf(forget) == damage().error)
        << core::json::write(task(forget));
    EXPECT_TRUE(errorOf(prune).empty() || errorOf(prune) == damage().error) << core::json::write(task(prune));

    writeFile(file, good);
    EXPECT_EQ(outcome(start("check", {{"read_data", true}})), "success");
    EXPECT_EQ(light().stringOr("status"), saved == "success"   ? "healthy"
                                          : saved == "warning" ? "warning"
                                                               : "unhealthy");
    succeed(start("snapshots"));
    EXPECT_EQ(get("/api/v1/restic/snapshots").find("items")->array()->size(), saved == "failed" ? 2U : 3U);
    EXPECT_EQ(outcome(backupNow()), "success");
    EXPECT_EQ(light().stringOr("status"), "healthy");
}

} // namespace
} // namespace test
