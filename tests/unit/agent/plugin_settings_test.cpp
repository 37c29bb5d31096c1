#include "plugins/plugin_settings.h"

#include <gmock/gmock.h>

#include "commands/plugin_settings_input.h"
#include "core/testing/temp_dir.h"

namespace agent {
namespace {
using core::json::Object;
using testing::AllOf;
using testing::HasSubstr;

class PluginSettingsTest : public testing::Test {
protected:
    PluginSettingsTest() {
        plugin_.name = "sample";
        plugin_.settingsSchema = *core::json::parse(R"({"type": "object", "properties": {
            "user": {"type": "string"}, "host": {"type": "string", "x-destination": true},
            "password": {"type": "string", "writeOnly": true}}})")
                                      .value()
                                      .object();
    }
    /// As `plugin enable sample ASSIGNMENTS` does.
    void enable(const std::vector<std::string>& assignments) {
        settings_.change(plugin_,
                         {.enabled = true,
                          .set = "default",
                          .settings = readPluginSettings(plugin_.settingsSchema, "", assignments, kept())});
    }
    Object kept(const std::string& set = "default") const {
        const auto setup = settings_.of("sample");
        const auto found = setup.sets.find(set);
        return found == setup.sets.end() ? Object() : found->second;
    }
    /// Why that set cannot be made; "(none)" if it was.
    std::string refusal(const std::string& set, bool fromServer, std::optional<Object> settings) {
        try {
            settings_.change(
                plugin_,
                {.enabled = true, .set = set, .settings = std::move(settings), .fromServer = fromServer});
        } catch (const core::Error& error) {
            EXPECT_EQ(&error.kind(), &errors::kPlugin);
            return error.what();
        }
        return "(none)";
    }

    core::testkit::TempDir dir_;
    Config config_;
    PluginFile plugin_;
    PluginSettings settings_{config_, dir_.path()};
};

TEST_F(PluginSettingsTest, AKeyWithoutAValueRemovesASettingAndASecret) {
    enable({"user=ada", "password=canary"});
    enable({"host=db-01", "password=canary"});
    EXPECT_EQ(core::json::Value(kept()).stringOr("password"), "canary");
    enable({"user=grace"});
    EXPECT_EQ(core::json::Value(kept()).stringOr("password"), "canary") << "what is not named stays";
    enable({"user=", "password="});
    EXPECT_EQ(kept().find("user"), nullptr);
    EXPECT_EQ(kept().find("password"), nullptr);
    EXPECT_EQ(core::json::Value(kept()).stringOr("host"), "db-01");
    enable({"password="}); // one that is not there
    EXPECT_EQ(kept().find("password"), nullptr);
}

TEST_F(PluginSettingsTest, FurtherSettingsHaveNamesThatCanStandAnywhere) {
    const Object some{{"user", "ada"}};
    for (const bool fromServer : {false, true}) {
        for (const std::string name :
             {"../x", "..", ".hidden", "", "a b", "a/b", "a\nb", "\x1b[2J", "\xff", "a\"b", "naïve"}) {
            const auto why = refusal(name, fromServer, some);
            EXPECT_THAT(why, AllOf(HasSubstr("\"set\" must be of letters"), HasSubstr("64 at most")));
            EXPECT_EQ(why.find_first_of("\n\x1b"), std::string::npos) << why;
        }
        EXPECT_NE(refusal(std::string(65, 'a'), fromServer, some), "(none)");
        EXPECT_NE(refusal("../x", fromServer, std::nullopt), "(none)") << "where only the switch is changed";
        for (const std::string& name :
             {std::string("reports"), std::string("db-02.Shop_1"), std::string(64, 'a')})
            EXPECT_EQ(refusal(name, fromServer, some), "(none)");
    }
    EXPECT_EQ(settings_.of("sample").sets.size(), 3U);
    EXPECT_THAT(std::string(settings_.tryOut(plugin_, "../x", some).error().what()),
                HasSubstr("\"set\" must"));
}

TEST_F(PluginSettingsTest, SettingsThatHaveAnotherNameAlreadyCanStillBeChanged) {
    std::filesystem::create_directories(dir_ / "sample");
    core::testkit::writeFile(dir_ / "sample/settings.json",
                             R"({"enabled": true, "version": 1, "sets": {"my reports": {"user": "ada"}}})");
    EXPECT_EQ(refusal("my reports", true, Object{{"user", "grace"}}), "(none)");
    EXPECT_EQ(core::json::Value(kept("my reports")).stringOr("user"), "grace");
}

} // namespace
} // namespace agent
