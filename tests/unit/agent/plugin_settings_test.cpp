#include "plugins/plugin_settings.h"

#include <gtest/gtest.h>

#include "commands/plugin_settings_input.h"
#include "core/testing/temp_dir.h"

namespace agent {
namespace {
using core::json::Object;

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

} // namespace
} // namespace agent
