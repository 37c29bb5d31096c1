#include "settings.h"

#include "restic/protocol/result_items.h"

namespace restic {

using core::config::Setting;
using core::config::SettingType;

namespace {

constexpr core::milliseconds kLeastKept = std::chrono::hours(24);

/// How long something of the history is kept.
Setting keptFor(const char* key, const char* defaultValue, const char* doc) {
    return {.key = key,
            .type = SettingType::duration,
            .defaultValue = defaultValue,
            .doc = doc,
            .min = 0,
            .max = 100LL * 365 * 24 * 3600 * 1000,
            .check = [](const std::string& text) -> std::optional<std::string> {
                const auto kept = core::parseDuration(text);
                if (kept && kept->count() != 0 && *kept < kLeastKept)
                    return "must be 0 (for ever) or at least 1d";
                return std::nullopt;
            }};
}
std::optional<core::milliseconds> keptFor(const core::config::Config& config, const char* key) {
    const auto kept = config.duration(key);
    return kept.count() == 0 ? std::nullopt : std::optional(kept);
}

} // namespace

std::vector<Setting> settings() {
    return {
        {.key = "restic.agents.token_ttl",
         .type = SettingType::duration,
         .defaultValue = "30d",
         .doc = "Life of an agent's token; agents renew it at two thirds",
         .min = 60000,
         .seedName = "TokenTTL"},
        {.key = "restic.agents.registration_token_ttl",
         .type = SettingType::duration,
         .defaultValue = "1h",
         .doc = "Life of a registration token",
         .min = 1000,
         .seedName = "RegistrationTokenTTL"},
        {.key = "restic.agents.offline_after",
         .type = SettingType::duration,
         .defaultValue = "90s",
         .doc = "Silence after which an agent counts as offline",
         .min = 1000},
        {.key = "restic.agents.heartbeat_timeout",
         .type = SettingType::duration,
         .defaultValue = "5m",
         .doc = "Silence after which an agent is reported as offline",
         .min = 1000,
         .seedName = "HeartbeatTimeout"},
        {.key = "restic.agents.heartbeat_interval",
         .type = SettingType::duration,
         .defaultValue = "30s",
         .doc = "How often agents are asked to report",
         .min = 1000,
         .seedName = "Interval"},
        {.key = "restic.agents.max_concurrent_tasks",
         .type = SettingType::integer,
         .defaultValue = "2",
         .doc = "How many tasks a new agent gets at once; each agent's own max_concurrent_tasks counts "
                "from then on",
         .min = 1,
         .max = 64,
         .seedName = "MaxConcurrentPerAgent"},
        {.key = "restic.tasks.long_poll_timeout",
         .type = SettingType::duration,
         .defaultValue = "30s",
         .doc = "How long an agent's poll is held open at most while nothing waits for it",
         .min = 1000,
         .max = 60000,
         .seedName = "LongPollTimeout"},
        {.key = "restic.tasks.lease",
         .type = SettingType::duration,
         .defaultValue = "90s",
         .doc = "Silence after which a handed-out task is given out again, or a running one unreachable",
         .min = 1000},
        {.key = "restic.tasks.retry_attempts",
         .type = SettingType::integer,
         .defaultValue = "3",
         .doc = "How often a failed task is tried again by itself",
         .min = 0,
         .max = 100,
         .seedName = "RetryAttempts"},
        {.key = "restic.tasks.retry_backoff",
         .type = SettingType::duration,
         .defaultValue = "5m",
         .doc = "Time between two tries",
         .min = 0,
         .seedName = "RetryBackoff"},
        {.key = "restic.tasks.log_mib_per_hour",
         .type = SettingType::integer,
         .defaultValue = "256",
         .doc = "MiB of log lines that one tenant's agents may send to a host in an hour; further ones are "
                "left out, "
                "and a line says so",
         .min = 1,
         .max = 1048576},
        {.key = "restic.tasks.result_mib",
         .type = SettingType::integer,
         .defaultValue = "256",
         .doc = "MiB of items (snapshots, files) that the result of one task may have; a larger one fails "
                "with ResultTooLarge",
         .min = 1,
         .max = protocol::result_limits::kBytes >> 20},
        {.key = "restic.policies.auto_scheduling",
         .type = SettingType::boolean,
         .defaultValue = "true",
         .doc = "Make tasks from schedules; tasks by hand are not concerned",
         .seedName = "EnableAutoScheduling"},
        keptFor("restic.history.keep_tasks", "365d",
                "How long tasks are kept after their end; one that something else refers to stays. 0: for "
                "ever"),
        keptFor("restic.history.keep_runs", "365d",
                "How long runs are kept after their end, and snapshots that were removed from their "
                "repository; the newest run of each target and those of snapshots that are there stay. 0: "
                "for ever"),
        keptFor("restic.history.keep_logs", "90d",
                "How long the log lines of tasks and the items of their results are kept, at most as long as "
                "tasks. 0: as long as tasks"),
    };
}

TaskSettings taskSettings(const core::config::Config& config) {
    TaskSettings settings;
    settings.lease = config.duration("restic.tasks.lease");
    settings.longPollTimeout = config.duration("restic.tasks.long_poll_timeout");
    settings.retryAttempts = static_cast<int>(config.integer("restic.tasks.retry_attempts"));
    settings.retryBackoff = config.duration("restic.tasks.retry_backoff");
    settings.resultBytes = config.integer("restic.tasks.result_mib") << 20;
    settings.logBytesPerHour = config.integer("restic.tasks.log_mib_per_hour") << 20;
    return settings;
}

AgentSettings agentSettings(const core::config::Config& config) {
    AgentSettings settings;
    settings.tokenTtl = config.duration("restic.agents.token_ttl");
    settings.registrationTtl = config.duration("restic.agents.registration_token_ttl");
    settings.offlineAfter = config.duration("restic.agents.offline_after");
    settings.reportOfflineAfter = config.duration("restic.agents.heartbeat_timeout");
    settings.heartbeatInterval = config.duration("restic.agents.heartbeat_interval");
    settings.maxConcurrentTasks = static_cast<int>(config.integer("restic.agents.max_concurrent_tasks"));
    // An agent renews its token with a heartbeat after two thirds of its life: four intervals leave room for
    // one that is lost.
    if (settings.tokenTtl < 4 * settings.heartbeatInterval)
        throw core::Error(
            core::errors::kValidation,
            "restic.agents.token_ttl must be at least four times restic.agents.heartbeat_interval, "
            "or agents that were never away would be locked out.");
    return settings;
}

HistorySettings historySettings(const core::config::Config& config) {
    return {keptFor(config, "restic.history.keep_tasks"), keptFor(config, "restic.history.keep_runs"),
            keptFor(config, "restic.history.keep_logs")};
}

} // namespace restic
