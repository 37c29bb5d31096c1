#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {
using namespace agent;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::string problem(const std::string& text, const Environment& environment = {}) {
    try {
        static_cast<void>(parseConfig(text, "config.yaml", environment));
    } catch (const core::Error& error) {
        EXPECT_EQ(error.name(), "ConfigurationError");
        return error.what();
    }
    return "(none)";
}

TEST(Config, EachListedSettingIsOneOfTheFileWithThatDefault) {
    const auto all = settings();
    ASSERT_GT(all.size(), 30U);
    for (const auto& setting : all) {
        const auto dot = setting.key.find('.');
        auto key = setting.key.substr(dot + 1);
        auto close = std::string("}");
        if (key.starts_with("sources.")) {
            key = "sources: [{" + key.substr(8);
            close = "}]}";
        }
        const auto text = setting.key.substr(0, dot) + ": {" + key + ": " + setting.standard + close;
        const auto said = problem(text);
        EXPECT_THAT(said, testing::Not(testing::AnyOf(HasSubstr("is not a"), HasSubstr("well-formed"))))
            << text;
        if (setting.standard.empty())
            continue;
        EXPECT_EQ(said, "(none)") << text;
        EXPECT_EQ(problem("", {{setting.environment, setting.standard}}), "(none)");
    }
    EXPECT_THAT(problem("agent: {nothing: 1}"), HasSubstr("is not a setting"));
}

TEST(Config, ReadsThePublishedExample) {
    const auto config = parseConfig(R"(# /etc/restic-agent/config.yaml

orchestrator:
  url: https://restic-monitor.example.com
  token: secret-registration-token

agent:
  id: server-01
  hostname: web-server
  poll_interval: 60s
  heartbeat_interval: 30s
  max_concurrent_tasks: 2

restic:
  binary: /usr/bin/restic
  cache_dir: /var/cache/restic
  config_dir: /etc/restic

backup:
  sources:
    - path: /home
      policy: daily
    - path: /etc
      policy: hourly

  exclude:
    - /home/*/.cache
    - /home/*/tmp
    - "*.log"

repository:
  url: s3:s3.amazonaws.com/my-backup-bucket
  password_file: /etc/restic/password

plugins:
  mysql:
    enabled: true
    host: localhost
    user: backup
    password_file: /etc/mysql/backup.pass
    databases:
      - myapp_production

  postgres:
    enabled: false
)",
                                    "config.yaml", {});
    EXPECT_EQ(config.orchestrator.url, "https://restic-monitor.example.com");
    EXPECT_EQ(config.agent.id, "server-01");
    EXPECT_EQ(config.agent.hostname, "web-server");
    EXPECT_EQ(config.restic.binary, "/usr/bin/restic");
    EXPECT_EQ(config.restic.cacheDir, "/var/cache/restic");
    ASSERT_EQ(config.backup.sources.size(), 2U);
    EXPECT_EQ(config.backup.sources[1].policy, "hourly");
    EXPECT_EQ(config.backup.exclude.size(), 3U);
    ASSERT_TRUE(config.repository);
    EXPECT_EQ(config.repository->passwordFile, "/etc/restic/password");
    ASSERT_TRUE(config.plugins.contains("mysql"));
    const core::json::Value mysql(config.plugins.at("mysql"));
    EXPECT_TRUE(mysql.booleanOr("enabled"));
    EXPECT_EQ(mysql.find("databases")->array()->size(), 1U);
    EXPECT_FALSE(core::json::Value(config.plugins.at("postgres")).booleanOr("enabled", true));
}

TEST(Config, SettingsOfPluginsHaveNamesAsTheApiTakesThem) {
    const auto named = [](const std::string& rest) { return "plugins:\n  postgres:\n    " + rest; };
    EXPECT_EQ(problem(named("named: {reports: {host: db-02}, db-03.Shop_1: {}}")), "(none)");
    EXPECT_EQ(problem(named("named:")), "(none)");
    for (const std::string name : {"my reports", "../x", ".hidden", "a/b", "na\xc3\xafve"})
        EXPECT_EQ(problem(named("named: {\"" + name + "\": {host: db-02}}")),
                  "config.yaml, line 3: plugins.postgres.named has settings named \"" + name +
                      "\": the name must be of letters, digits, \"_\", \"-\" and \".\", which is not the "
                      "first; 64 at most");
    EXPECT_THAT(problem(named("named: {default: {host: db-02}}")),
                HasSubstr("line 3: plugins.postgres.named.default is the name of the plugin's own settings"));
    EXPECT_THAT(problem(named("named: {reports: db-02}")),
                HasSubstr("line 3: plugins.postgres.named.reports must be a mapping"));
    EXPECT_THAT(problem(named("named: [reports]")), HasSubstr("plugins.postgres.named must be a mapping"));
}

TEST(Config, APluginIsSwitchedByTrueAndFalseAlone) {
    for (const std::string value : {"true", "false"})
        EXPECT_EQ(problem("plugins: {postgres: {enabled: " + value + "}}"), "(none)");
    for (const std::string value : {"no", "off", "0", "\"false\"", "[]"})
        EXPECT_EQ(problem("plugins: {postgres: {enabled: " + value + "}}"),
                  "config.yaml, line 1: plugins.postgres.enabled must be true or false")
            << value;
}

TEST(Config, DefaultsAreThePublishedOnes) {
    const auto config = parseConfig("", "config.yaml", {});
    EXPECT_EQ(config.agent.pollInterval, 60s);
    EXPECT_EQ(config.agent.longPollTimeout, 30s);
    EXPECT_EQ(config.agent.maxConcurrentTasks, 2);
    EXPECT_EQ(config.agent.retryBackoff, 5s);
    EXPECT_EQ(config.agent.retryMaxBackoff, 5min);
    EXPECT_EQ(config.agent.heartbeatInterval, 30s);
    EXPECT_EQ(config.agent.heartbeatTimeout, 10s);
    EXPECT_EQ(config.agent.heartbeatRetryAttempts, 3);
    EXPECT_EQ(config.agent.failureThreshold, 5);
    EXPECT_EQ(config.restic.commandTimeout, 6h);
    EXPECT_EQ(config.restic.streamInterval, 5s);
    EXPECT_FALSE(config.agent.hostname.empty());
}

TEST(Config, ErrorsNameKeyAndLine) {
    EXPECT_THAT(problem("agent:\n  hostname: x\n  pol_interval: 5s\n"),
                HasSubstr("config.yaml, line 3: agent.pol_interval"));
    EXPECT_THAT(problem("agent:\n  poll_interval: soon\n"),
                HasSubstr("line 2: agent.poll_interval must be a duration"));
    EXPECT_THAT(problem("agent:\n  max_concurrent_tasks: 0\n"),
                HasSubstr("line 2: agent.max_concurrent_tasks must be a whole number"));
    EXPECT_THAT(problem("\n\nweb: {}\n"), HasSubstr("line 3: web"));
    EXPECT_THAT(problem("restic:\n  cache_dir: relative\n"),
                HasSubstr("restic.cache_dir must be an absolute path"));
    EXPECT_THAT(problem("restic:\n  binary: [a]\n"),
                HasSubstr("line 2: restic.binary must be a single value"));
    EXPECT_THAT(problem("backup:\n  sources:\n    - path: home\n      policy: p\n"),
                HasSubstr("line 3: backup.sources.path"));
    EXPECT_THAT(problem("backup:\n  sources:\n    - path: /home\n"), HasSubstr("backup.sources.policy"));
    EXPECT_THAT(problem("backup:\n  sources:\n    - {path: /home, polcy: p}\n"),
                HasSubstr("line 3: backup.sources.polcy"));
    EXPECT_THAT(problem("repository:\n  url: /x\n"), HasSubstr("repository.password_file is needed"));
    EXPECT_THAT(problem("agent:\n  id: a\n  id: b\n"), HasSubstr("line 3: agent.id stands there twice"));
    EXPECT_THAT(problem("agent: [1]\n"), HasSubstr("agent must be a mapping"));
    EXPECT_THAT(problem("just text"), HasSubstr("must be a mapping"));
    EXPECT_THAT(problem("orchestrator:\n  url: backup.example.com\n"), HasSubstr("orchestrator.url"));
    EXPECT_THAT(problem("agent:\n  retry_backoff: 10m\n"), HasSubstr("retry_max_backoff"));
}

TEST(Config, WhatResticLeavesToOthers) {
    using Io = core::ProcessPriority::Io;
    EXPECT_EQ(parseConfig("", "config.yaml", {}).restic.priority, core::ProcessPriority{});
    const auto low =
        parseConfig("restic: {nice: 10, ionice: \"best-effort:7\", memory_limit: 512MiB}", "config.yaml", {});
    EXPECT_EQ(low.restic.priority, (core::ProcessPriority{10, Io::bestEffort, 7}));
    EXPECT_EQ(low.restic.memoryLimit, 512LL << 20);
    const auto idle =
        parseConfig("", "config.yaml",
                    {{"RESTIC_AGENT_RESTIC_IONICE", "idle"}, {"RESTIC_AGENT_RESTIC_MEMORY_LIMIT", "2GiB"}});
    EXPECT_EQ(idle.restic.priority.io, Io::idle);
    EXPECT_EQ(idle.restic.memoryLimit, 2LL << 30);
    for (const auto* bad : {"-1", "20", "1x", "ten"})
        EXPECT_THAT(problem(std::string("restic:\n  nice: ") + bad), HasSubstr("line 2: restic.nice must be"))
            << bad;
    for (const auto* bad : {"realtime", "best-effort", "best-effort:8", "best-effort:11", "idle:3", "7"})
        EXPECT_THAT(problem(std::string("restic:\n  ionice: \"") + bad + "\""),
                    HasSubstr("line 2: restic.ionice must be"))
            << bad;
    for (const auto* bad : {"512", "1MiB", "0MiB", "-1GiB", "512MB", "99999999999GiB", "GiB"})
        EXPECT_THAT(problem(std::string("restic:\n  memory_limit: ") + bad),
                    HasSubstr("line 2: restic.memory_limit must be"))
            << bad;
}

TEST(Config, BrokenYamlIsNotQuoted) {
    const auto text = problem("orchestrator:\n  token: s3cr3t-token\n  url: [s3cr3t\n");
    EXPECT_THAT(text, HasSubstr("not well-formed YAML"));
    EXPECT_THAT(text, HasSubstr("line "));
    EXPECT_EQ(text.find("s3cr3t"), std::string::npos);
    EXPECT_EQ(problem("orchestrator:\n  url: https://user:s3cr3t@host\n").find("s3cr3t"), std::string::npos);
}

TEST(Config, TheEnvironmentWins) {
    const Environment environment{{"RESTIC_AGENT_HOSTNAME", "from-env"},
                                  {"RESTIC_AGENT_RESTIC_BINARY", "/opt/restic"},
                                  {"RESTIC_AGENT_ORCHESTRATOR_URL", "https://env.example.com/"},
                                  {"RESTIC_AGENT_MAX_CONCURRENT_TASKS", "7"},
                                  {"RESTIC_AGENT_POLL_INTERVAL", ""}};
    const auto config =
        parseConfig("agent: {hostname: file, max_concurrent_tasks: 1}\n", "config.yaml", environment);
    EXPECT_EQ(config.agent.hostname, "from-env");
    EXPECT_EQ(config.restic.binary, "/opt/restic");
    EXPECT_EQ(config.orchestrator.url, "https://env.example.com");
    EXPECT_EQ(config.agent.maxConcurrentTasks, 7);
    EXPECT_THAT(problem("", {{"RESTIC_AGENT_HEARTBEAT_INTERVAL", "x"}}),
                HasSubstr("RESTIC_AGENT_HEARTBEAT_INTERVAL must be a duration"));
}

TEST(Config, AMistypedVariableIsSaidWithTheOneThatWasMeant) {
    for (const auto& [name, meant] : Environment{{"RESTIC_AGENT_HOSTNAM", "RESTIC_AGENT_HOSTNAME"},
                                                 {"RESTIC_AGENT_RESTIC_BINRAY", "RESTIC_AGENT_RESTIC_BINARY"},
                                                 {"RESTIC_AGENT_STATE_DIRS", "RESTIC_AGENT_STATE_DIR"}})
        EXPECT_EQ(problem("", {{name, "x"}}),
                  "The variable " + name + " is not a known setting; did you mean " + meant + "?");
    for (const char* other : {"RESTIC_AGENT_CONFIG", "RESTIC_AGENT_STATE_DIR", "RESTIC_AGENT_SERVICE_HOST",
                              "RESTIC_AGENT_PORT_8080_TCP", "RESTIC_REPOSITORY", "PATH"})
        EXPECT_EQ(problem("", {{other, "x"}}), "(none)") << other;
}

TEST(Config, AMissingFileIsAnErrorOnlyIfItWasNamed) {
    EXPECT_NO_THROW(static_cast<void>(loadConfig("/no/such/config.yaml", false, {})));
    EXPECT_THROW(static_cast<void>(loadConfig("/no/such/config.yaml", true, {})), core::Error);
    EXPECT_THROW(static_cast<void>(loadConfig("/usr", false, {})), core::Error);
    EXPECT_NO_THROW(static_cast<void>(loadConfig("/dev/null", true, {})))
        << "how one says that there is none";
    EXPECT_THROW(static_cast<void>(loadConfig("/dev/zero", true, {})), core::Error);
}
} // namespace
