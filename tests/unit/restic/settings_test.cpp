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
        {"MaxConcurrentPerAgent", "restic.agents.max_concurrent_tasks", "2"},
        {"LongPollTimeout", "restic.tasks.long_poll_timeout", "30s"},
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

TEST(ResticSettings, ReachTheServicesAsTheyAreGiven) {
    // None of these is a default: a setting that is not passed on shows.
    core::config::Sources sources;
    sources.flags = {{"restic.tasks.retry_attempts", "7"},
                     {"restic.tasks.retry_backoff", "11m"},
                     {"restic.tasks.lease", "13s"},
                     {"restic.tasks.log_mib_per_hour", "3"},
                     {"restic.tasks.result_mib", "5"},
                     {"restic.tasks.long_poll_timeout", "17s"},
                     {"restic.agents.max_concurrent_tasks", "5"},
                     {"restic.agents.token_ttl", "17h"},
                     {"restic.agents.registration_token_ttl", "19m"},
                     {"restic.agents.heartbeat_timeout", "23m"},
                     {"restic.agents.offline_after", "29s"},
                     {"restic.agents.heartbeat_interval", "31s"}};
    const auto config = core::config::read(settings(), sources);
    ASSERT_TRUE(config) << config.error().what();
    const auto tasks = taskSettings(*config.value());
    EXPECT_EQ(tasks.retryAttempts, 7);
    EXPECT_EQ(tasks.resultBytes, 5 << 20);
    EXPECT_EQ(tasks.retryBackoff, std::chrono::minutes(11));
    EXPECT_EQ(tasks.lease, std::chrono::seconds(13));
    EXPECT_EQ(tasks.logBytesPerHour, 3 << 20);
    EXPECT_EQ(tasks.longPollTimeout, std::chrono::seconds(17));
    const auto agents = agentSettings(*config.value());
    EXPECT_EQ(agents.tokenTtl, std::chrono::hours(17));
    EXPECT_EQ(agents.registrationTtl, std::chrono::minutes(19));
    EXPECT_EQ(agents.reportOfflineAfter, std::chrono::minutes(23));
    EXPECT_EQ(agents.offlineAfter, std::chrono::seconds(29));
    EXPECT_EQ(agents.maxConcurrentTasks, 5);
    EXPECT_EQ(agents.heartbeatInterval, std::chrono::seconds(31));
}

TEST(ResticSettings, ATokenOutlivesHeartbeatsThatAreLost) {
    core::config::Sources sources;
    sources.flags = {{"restic.agents.token_ttl", "119s"}, {"restic.agents.heartbeat_interval", "30s"}};
    EXPECT_THROW(agentSettings(*core::config::read(settings(), sources).value()), core::Error);
    sources.flags["restic.agents.token_ttl"] = "120s";
    EXPECT_NO_THROW(agentSettings(*core::config::read(settings(), sources).value()));
}

} // namespace
} // namespace restic
