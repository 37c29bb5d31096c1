#include "settings.h"

#include <pwd.h>
#include <unistd.h>

#include "policies/retention_setting.h"
#include "restic/protocol/result_items.h"

namespace restic {

using core::config::Setting;
using core::config::SettingType;

namespace {

/// restic keeps copies of snapshots, indexes and trees: none of a sound repository is larger.
constexpr std::int64_t kLargestFile = 1LL << 30U;

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

/// A list's value is its entries, one behind the other.
std::optional<std::string> absolutePaths(const std::string& text) {
    return text.starts_with('/') ? std::nullopt : std::optional<std::string>("must be absolute paths");
}
std::optional<std::string> networks(const std::string& text) {
    const auto read = core::http::AddressSet::parse({text});
    return read ? std::nullopt
                : std::optional<std::string>("must be addresses or networks such as 192.168.1.0/24");
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
        {.key = "restic.snapshots.listed_entries",
         .type = SettingType::integer,
         .defaultValue = "2000000",
         .doc =
             "How many entries of snapshots' folders that were listed each tenant keeps; each folder counts "
             "ten more. Those that were not looked at for the longest time are forgotten first",
         .min = 100,
         .max = 1000000000,
         .unit = "entries"},
        {.key = "restic.monitor.interval",
         .type = SettingType::duration,
         .defaultValue = "5m",
         .doc = "How often the host looks for snapshots and locks in repositories that no agent watches; one "
                "that "
                "has not changed costs a listing of names",
         .min = 1000,
         .seedName = "MonitorConfig.Interval"},
        {.key = "restic.monitor.stats_interval",
         .type = SettingType::duration,
         .defaultValue = "1d",
         .doc = "How often it counts what such a repository takes up, if there were changes",
         .min = 1000},
        {.key = "restic.monitor.check_interval",
         .type = SettingType::duration,
         .defaultValue = "7d",
         .doc = "How often it checks the structure of such a repository, which reads all of its index",
         .min = 1000},
        {.key = "restic.monitor.timeout",
         .type = SettingType::duration,
         .defaultValue = "10m",
         .doc = "How long a look at snapshots, or at what they take up, may take",
         .min = 1000,
         .seedName = "MonitorConfig.Timeout"},
        {.key = "restic.monitor.check_timeout",
         .type = SettingType::duration,
         .defaultValue = "6h",
         .doc = "How long a check may take",
         .min = 1000},
        {.key = "restic.monitor.max_concurrent",
         .type = SettingType::integer,
         .defaultValue = "5",
         .doc = "How many repositories each host looks at at once",
         .min = 1,
         .max = 64,
         .unit = "repositories",
         .seedName = "MonitorConfig.MaxConcurrent"},
        {.key = "restic.monitor.max_heavy",
         .type = SettingType::integer,
         .defaultValue = "2",
         .doc = "How many it checks, or counts the size of, at once",
         .min = 1,
         .max = 64,
         .unit = "repositories"},
        {.key = "restic.monitor.max_targets",
         .type = SettingType::integer,
         .defaultValue = "1000",
         .doc = "How many repositories a tenant may have watched without agents",
         .min = 0,
         .max = 100000,
         .unit = "targets"},
        {.key = "restic.monitor.max_age",
         .type = SettingType::duration,
         .defaultValue = "48h",
         .doc = "How old the last snapshot of such a repository may be, where neither its policy nor the "
                "target says "
                "it",
         .min = 3600000},
        {.key = "restic.monitor.restic_path",
         .type = SettingType::text,
         .defaultValue = "restic",
         .doc = "The restic that the host looks with: a path, or a name in the host's PATH",
         .seedName = "MonitorConfig.ResticPath"},
        {.key = "restic.monitor.cache_dir",
         .type = SettingType::text,
         .doc = "Where that restic keeps copies of what it reads often; empty: in the module's data folder",
         .seedName = "MonitorConfig.CacheDir"},
        {.key = "restic.monitor.local_roots",
         .type = SettingType::list,
         .doc = "Folders of the host's own disk below which tenants may have repositories watched, separated "
                "by colons; empty: none",
         .environment = "AE_DIRECT_LOCAL_ROOTS",
         .check = absolutePaths},
        {.key = "restic.monitor.secret_roots",
         .type = SettingType::list,
         .doc = "Folders of the host's own disk below which password and certificate files of such "
                "repositories may "
                "be, separated by colons; empty: none, all secrets are in the vault",
         .environment = "AE_DIRECT_SECRET_ROOTS",
         .check = absolutePaths},
        {.key = "restic.monitor.networks",
         .type = SettingType::list,
         .doc = "Addresses and networks that are not public and that the host may reach such repositories "
                "in, such as "
                "192.168.1.0/24, separated by commas; empty: none",
         .environment = "AE_DIRECT_NETWORKS",
         .check = networks},
        {.key = "restic.monitor.max_memory",
         .type = SettingType::size,
         .defaultValue = "2GiB",
         .doc = "Memory that one restic of the host may use: what it reads is made by others",
         .min = 64LL << 20U},
        {.key = "restic.monitor.user",
         .type = SettingType::text,
         .defaultValue = "nobody",
         .doc = "Whom that restic runs as where the host runs as root; \"root\": as the host itself"},
        {.key = "restic.policies.auto_scheduling",
         .type = SettingType::boolean,
         .defaultValue = "true",
         .doc = "Make tasks from schedules; tasks by hand are not concerned",
         .seedName = "EnableAutoScheduling"},
        {.key = "restic.policies.default_retention",
         .type = SettingType::text,
         .defaultValue = "daily=7,weekly=4,monthly=12",
         .doc = "What a policy keeps that says nothing of it: last, hourly, daily, weekly, monthly, yearly, "
                "each "
                "with its count",
         .seedName = "DefaultRetention",
         .check = [](const std::string& text) -> std::optional<std::string> {
             const auto keep = parseRetention(text);
             return keep ? std::nullopt : std::optional<std::string>(keep.error().what());
         }},
        {.key = "restic.policies.evaluation_interval",
         .type = SettingType::duration,
         .defaultValue = "1h",
         .doc = "How often it is looked whether policies are kept",
         .min = 1000,
         .seedName = "EvaluationInterval"},
        keptFor("restic.history.keep_tasks", "365d",
                "How long tasks are kept after their end; one that something else refers to stays. 0: for "
                "ever"),
        keptFor("restic.history.keep_runs", "365d",
                "How long runs are kept after their end, and snapshots that were removed from their "
                "repository; the newest run of each target and those of snapshots that are there stay. 0: "
                "for ever"),
        keptFor("restic.history.keep_checks", "30d",
                "How long the looks at targets without agents are kept. 0: for ever"),
        keptFor(
            "restic.history.keep_compliance", "400d",
            "How long it is kept how each target was on each day, and which violations ended. 0: for ever"),
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
    settings.listedEntries = config.integer("restic.snapshots.listed_entries");
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

namespace {
/// Whom the host's restic runs as; nobody else than the host where it could not change that.
std::optional<cli::ResticUser> monitorUser(const std::string& name) {
    if (::geteuid() != 0)
        return std::nullopt;
    const auto* user = ::getpwnam(name.c_str());
    if (user == nullptr)
        throw core::Error(core::errors::kValidation,
                          "restic.monitor.user: this machine has no user \"" + name + "\".");
    return user->pw_uid == 0 ? std::nullopt : std::optional(cli::ResticUser{user->pw_uid, user->pw_gid});
}
} // namespace

MonitorSettings monitorSettings(const core::config::Config& config) {
    MonitorSettings settings;
    settings.interval = config.duration("restic.monitor.interval");
    settings.statsInterval = config.duration("restic.monitor.stats_interval");
    settings.checkInterval = config.duration("restic.monitor.check_interval");
    settings.timeout = config.duration("restic.monitor.timeout");
    settings.checkTimeout = config.duration("restic.monitor.check_timeout");
    settings.maxConcurrent = static_cast<std::size_t>(config.integer("restic.monitor.max_concurrent"));
    settings.maxHeavy = static_cast<std::size_t>(config.integer("restic.monitor.max_heavy"));
    settings.maxTargets = config.integer("restic.monitor.max_targets");
    settings.maxAge = config.duration("restic.monitor.max_age");
    settings.program.binary = config.text("restic.monitor.restic_path");
    settings.program.cacheDir = config.text("restic.monitor.cache_dir");
    settings.localRoots = config.list("restic.monitor.local_roots");
    settings.secretRoots = config.list("restic.monitor.secret_roots");
    settings.networks = core::http::AddressSet::parse(config.list("restic.monitor.networks")).value();
    settings.program.limits = cli::ResticLimits{config.bytes("restic.monitor.max_memory"), kLargestFile};
    // Go's collector works harder before the limit is met.
    settings.program.memoryLimit = settings.program.limits->memory / 10 * 8;
    settings.program.user = monitorUser(config.text("restic.monitor.user"));
    // The module's own folder is closed to another user.
    if (settings.program.user && settings.program.cacheDir.empty())
        settings.program.cacheDir = "/var/cache/ae-backend/monitor";
    return settings;
}

protocol::Retention defaultRetention(const core::config::Config& config) {
    return parseRetention(config.text("restic.policies.default_retention")).value();
}

HistorySettings historySettings(const core::config::Config& config) {
    return {keptFor(config, "restic.history.keep_tasks"), keptFor(config, "restic.history.keep_runs"),
            keptFor(config, "restic.history.keep_logs"), keptFor(config, "restic.history.keep_checks"),
            keptFor(config, "restic.history.keep_compliance")};
}

} // namespace restic
