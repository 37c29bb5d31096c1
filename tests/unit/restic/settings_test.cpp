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
        {"DefaultRetention", "restic.policies.default_retention", "daily=7,weekly=4,monthly=12"},
        {"EvaluationInterval", "restic.policies.evaluation_interval", "1h"},
        {"MonitorConfig.Interval", "restic.monitor.interval", "5m"},
        {"MonitorConfig.Timeout", "restic.monitor.timeout", "10m"},
        {"MonitorConfig.MaxConcurrent", "restic.monitor.max_concurrent", "5"},
        {"MonitorConfig.ResticPath", "restic.monitor.restic_path", "restic"},
        {"MonitorConfig.CacheDir", "restic.monitor.cache_dir", ""},
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
                     {"restic.snapshots.listed_entries", "500"},
                     {"restic.tasks.long_poll_timeout", "17s"},
                     {"restic.agents.max_concurrent_tasks", "5"},
                     {"restic.agents.token_ttl", "17h"},
                     {"restic.agents.registration_token_ttl", "19m"},
                     {"restic.agents.heartbeat_timeout", "23m"},
                     {"restic.agents.offline_after", "29s"},
                     {"restic.agents.heartbeat_interval", "31s"},
                     {"restic.monitor.interval", "37s"},
                     {"restic.monitor.stats_interval", "41m"},
                     {"restic.monitor.check_interval", "43h"},
                     {"restic.monitor.timeout", "47s"},
                     {"restic.monitor.check_timeout", "53m"},
                     {"restic.monitor.max_concurrent", "7"},
                     {"restic.monitor.max_heavy", "3"},
                     {"restic.monitor.max_targets", "11"},
                     {"restic.monitor.max_age", "59h"},
                     {"restic.monitor.restic_path", "/opt/restic"},
                     {"restic.monitor.cache_dir", "/srv/cache"},
                     {"restic.monitor.user", "root"},
                     {"restic.monitor.max_memory", "300MiB"},
                     {"restic.policies.default_retention", "last=3,yearly=2"},
                     {"restic.history.keep_compliance", "61d"},
                     {"restic.monitor.local_roots", "/srv/a:/srv/b"},
                     {"restic.monitor.secret_roots", "/etc/c"},
                     {"restic.monitor.networks", "192.168.7.0/24"}};
    const auto config = core::config::read(settings(), sources);
    ASSERT_TRUE(config) << config.error().what();
    const auto tasks = taskSettings(*config.value());
    EXPECT_EQ(tasks.retryAttempts, 7);
    EXPECT_EQ(tasks.resultBytes, 5 << 20);
    EXPECT_EQ(tasks.listedEntries, 500);
    EXPECT_EQ(tasks.retryBackoff, std::chrono::minutes(11));
    EXPECT_EQ(tasks.lease, std::chrono::seconds(13));
    EXPECT_EQ(tasks.logBytesPerHour, 3 << 20);
    EXPECT_EQ(tasks.longPollTimeout, std::chrono::seconds(17));
    const auto agents = agentSettings(*config.value());
    EXPECT_EQ(agents.tokenTtl, std::chrono::hours(17));
    EXPECT_EQ(agents.registrationTtl, std::chrono::minutes(19));
    EXPECT_EQ(agents.reportOfflineAfter, std::chrono::minutes(23));
    EXPECT_EQ(agents.offlineAfter, std::chrono::seconds(29));
    const auto monitor = monitorSettings(*config.value());
    EXPECT_EQ(monitor.interval, std::chrono::seconds(37));
    EXPECT_EQ(monitor.statsInterval, std::chrono::minutes(41));
    EXPECT_EQ(monitor.checkInterval, std::chrono::hours(43));
    EXPECT_EQ(monitor.timeout, std::chrono::seconds(47));
    EXPECT_EQ(monitor.checkTimeout, std::chrono::minutes(53));
    EXPECT_EQ(monitor.maxConcurrent, 7U);
    EXPECT_EQ(monitor.maxHeavy, 3U);
    EXPECT_EQ(monitor.maxTargets, 11);
    EXPECT_EQ(monitor.maxAge, std::chrono::hours(59));
    EXPECT_EQ(monitor.program.binary, "/opt/restic");
    EXPECT_EQ(monitor.program.cacheDir, "/srv/cache");
    EXPECT_FALSE(monitor.program.user);
    EXPECT_EQ(monitor.program.limits->memory, 300 << 20);
    EXPECT_EQ(defaultRetention(*config.value()).keepLast, 3);
    EXPECT_EQ(defaultRetention(*config.value()).keepYearly, 2);
    EXPECT_FALSE(defaultRetention(*config.value()).keepDaily);
    EXPECT_EQ(historySettings(*config.value()).compliance, core::milliseconds(std::chrono::hours(61 * 24)));
    EXPECT_EQ(monitor.localRoots, (std::vector<std::string>{"/srv/a", "/srv/b"}));
    EXPECT_EQ(monitor.secretRoots, (std::vector<std::string>{"/etc/c"}));
    EXPECT_TRUE(monitor.networks.contains("192.168.7.9"));
    EXPECT_FALSE(monitor.networks.contains("192.168.8.9"));
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
