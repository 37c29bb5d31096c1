#include <map>

#include <gtest/gtest.h>

#include "settings.h"

namespace restic {
namespace {

// What a program that was set up by the names of older documents finds here: name, key, default.
TEST(ResticSettings, KeepTheOldNamesAndDefaults) {
    struct Old {
        const char* name;
        const char* key;
        const char* value;
    };
    std::map<std::string, core::config::Setting> declared;
    for (const auto& setting : settings())
        if (!setting.seedName.empty()) {
            const bool added = declared.emplace(setting.seedName, setting).second;
            EXPECT_TRUE(added) << setting.seedName << " twice";
        }
    const std::vector<Old> expected{
        {"TokenTTL", "restic.agents.token_ttl", "30d"},
        {"RegistrationTokenTTL", "restic.agents.registration_token_ttl", "1h"},
        {"HeartbeatTimeout", "restic.agents.heartbeat_timeout", "5m"},
        {"Interval", "restic.agents.heartbeat_interval", "30s"},
        {"RetryAttempts", "restic.tasks.retry_attempts", "3"},
        {"RetryBackoff", "restic.tasks.retry_backoff", "5m"},
        {"EnableAutoScheduling", "restic.policies.auto_scheduling", "true"},
    };
    EXPECT_EQ(declared.size(), expected.size());
    for (const Old& old : expected) {
        ASSERT_TRUE(declared.contains(old.name)) << old.name;
        EXPECT_EQ(declared.at(old.name).key, old.key);
        EXPECT_EQ(declared.at(old.name).defaultValue, old.value) << old.name;
    }
}

TEST(ResticSettings, ReachTheServicesAsTheyAreDeclared) {
    const auto config = core::config::read(settings(), {});
    ASSERT_TRUE(config) << config.error().what();
    const auto tasks = taskSettings(*config.value());
    EXPECT_EQ(tasks.retryAttempts, 3);
    EXPECT_EQ(tasks.retryBackoff, std::chrono::minutes(5));
    EXPECT_EQ(tasks.lease, std::chrono::seconds(90));
    const auto agents = agentSettings(*config.value());
    EXPECT_EQ(agents.tokenTtl, std::chrono::hours(24 * 30));
    EXPECT_EQ(agents.registrationTtl, std::chrono::hours(1));
    EXPECT_EQ(agents.reportOfflineAfter, std::chrono::minutes(5));
    EXPECT_EQ(agents.offlineAfter, std::chrono::seconds(90));
    EXPECT_EQ(agents.heartbeatInterval, std::chrono::seconds(30));
}

} // namespace
} // namespace restic
