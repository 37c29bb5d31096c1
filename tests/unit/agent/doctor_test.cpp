#include <gmock/gmock.h>

#include "commands/commands.h"
#include "core/testing/temp_dir.h"

namespace agent {
namespace {
namespace fs = std::filesystem;

/// What doctor says of the folder in which dumps wait.
class DoctorStaging : public testing::Test {
protected:
    core::json::Value look(const fs::path& staging) {
        core::testkit::writeFile(dir_ / "config.yaml", "dumps:\n  staging_dir: " + staging.string() + "\n");
        CommonOptions common;
        common.configFile = dir_ / "config.yaml";
        common.stateDir = dir_ / "state";
        common.json = true;
        core::SystemProcessRunner runner;
        const core::SystemClock clock;
        testing::internal::CaptureStdout();
        doctorCommand(common, runner, clock);
        std::fflush(stdout);
        const auto report = core::json::parse(testing::internal::GetCapturedStdout());
        EXPECT_TRUE(report);
        if (report)
            for (const auto& check : *report.value().find("checks")->array())
                if (check.stringOr("name") == "dumps")
                    return check;
        return {};
    }

    core::testkit::TempDir dir_;
};

TEST_F(DoctorStaging, AFolderThatCanBeMadeIsGoodAndIsNotLeftBehind) {
    const auto check = look(dir_ / "on/the/disk");
    EXPECT_TRUE(check.booleanOr("ok")) << check.stringOr("message");
    EXPECT_THAT(check.stringOr("message"), testing::HasSubstr((dir_ / "on/the/disk/restic-agent-").string()));
    EXPECT_FALSE(fs::exists(dir_ / "on"));
    fs::create_directories(dir_ / "on/the/disk");
    EXPECT_TRUE(look(dir_ / "on/the/disk").booleanOr("ok"));
    EXPECT_TRUE(fs::is_empty(dir_ / "on/the/disk"));
}

TEST_F(DoctorStaging, OneThatCannotBeMadeIsSaidWithWhatToDo) {
    core::testkit::writeFile(dir_ / "file", "x");
    const auto check = look(dir_ / "file");
    EXPECT_FALSE(check.booleanOr("ok", true));
    EXPECT_THAT(check.stringOr("message"), testing::HasSubstr((dir_ / "file/restic-agent-").string()));
    EXPECT_THAT(check.stringOr("hint"), testing::HasSubstr("dumps.staging_dir"));
}

TEST_F(DoctorStaging, OneThatIsSomebodyElsesIsSaid) {
    const auto good = look(dir_ / "dumps").stringOr("message");
    const fs::path folder = good.substr(good.find('/'));
    fs::create_directories(folder.parent_path());
    fs::create_directory_symlink("/tmp", folder);
    const auto check = look(dir_ / "dumps");
    EXPECT_FALSE(check.booleanOr("ok", true));
    EXPECT_THAT(check.stringOr("message"), testing::HasSubstr("no folder of the agent's user"));
    EXPECT_TRUE(fs::is_symlink(folder));
}

} // namespace
} // namespace agent
