#include "config/scalar_settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "core/time.h"

namespace agent {
namespace {

template <typename Section, typename Part>
ScalarKind text(Section Config::*section, std::string Part::*member) {
    return {[=](Config& config, const std::string& value) {
                config.*section.*member = value;
                return std::string();
            },
            [=](const Config& config) { return config.*section.*member; }};
}

template <typename Section, typename Part>
ScalarKind absolutePath(Section Config::*section, std::string Part::*member) {
    return {[=](Config& config, const std::string& value) -> std::string {
                if (!value.starts_with('/'))
                    return "must be an absolute path";
                config.*section.*member = value;
                return {};
            },
            [=](const Config& config) { return config.*section.*member; }};
}

template <typename Section>
ScalarKind duration(Section Config::*section, std::chrono::milliseconds Section::*member,
                    std::chrono::milliseconds least) {
    return {[=](Config& config, const std::string& value) -> std::string {
                const auto parsed = core::parseDuration(value);
                if (!parsed)
                    return "must be a duration such as 30s, 5m or 6h";
                if (*parsed < least)
                    return "must be at least " + core::formatDuration(least);
                config.*section.*member = *parsed;
                return {};
            },
            [=](const Config& config) { return core::formatDuration(config.*section.*member); }};
}

template <typename Section>
ScalarKind integer(Section Config::*section, std::int64_t Section::*member, std::int64_t least,
                   std::int64_t most) {
    return {[=](Config& config, const std::string& value) -> std::string {
                std::int64_t parsed = 0;
                const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
                if (error != std::errc{} || end != value.data() + value.size() || parsed < least ||
                    parsed > most)
                    return fmt::format("must be a whole number from {} to {}", least, most);
                config.*section.*member = parsed;
                return {};
            },
            [=](const Config& config) { return std::to_string(config.*section.*member); }};
}

std::string setUrl(Config& config, const std::string& value) {
    if (!value.starts_with("http://") && !value.starts_with("https://"))
        return "must begin with https:// or http://";
    if (value.find('@') != std::string::npos)
        return "must not contain credentials";
    config.orchestrator.url = value;
    while (config.orchestrator.url.ends_with('/'))
        config.orchestrator.url.pop_back();
    return {};
}

std::string setLogLevel(Config& config, const std::string& value) {
    const auto level = core::parseLogLevel(value);
    if (!level)
        return "must be debug, info, warn or error";
    config.agent.logLevel = *level;
    return {};
}

std::string setBindToMachine(Config& config, const std::string& value) {
    if (value != "true" && value != "false")
        return "must be true or false";
    config.agent.bindToMachine = value == "true";
    return {};
}

std::string setLogFormat(Config& config, const std::string& value) {
    if (value != "json" && value != "text")
        return "must be json or text";
    config.agent.logFormat = value == "json" ? core::LogFormat::json : core::LogFormat::text;
    return {};
}

std::string setBinary(Config& config, const std::string& value) {
    if (value.empty() || (value.find('/') != std::string::npos && !value.starts_with('/')))
        return "must be an absolute path or a program's name";
    config.restic.binary = value;
    return {};
}

std::string setNice(Config& config, const std::string& value) {
    constexpr int kLowest = 19;
    int nice = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), nice);
    if (error != std::errc{} || end != value.data() + value.size() || nice < 0 || nice > kLowest)
        return fmt::format("must be a whole number from 0 to {}", kLowest);
    config.restic.priority.nice = nice;
    return {};
}

std::string setIonice(Config& config, const std::string& value) {
    using Io = core::ProcessPriority::Io;
    constexpr std::string_view kBestEffort = "best-effort:";
    auto& priority = config.restic.priority;
    if (value == "idle") {
        priority.io = Io::idle;
        return {};
    }
    const bool oneDigit = value.size() == kBestEffort.size() + 1;
    if (!oneDigit || !value.starts_with(kBestEffort) || value.back() < '0' ||
        value.back() > '0' + core::ProcessPriority::kLowestIoLevel)
        return "must be idle, or best-effort:0 (first) to best-effort:7 (last)";
    priority.io = Io::bestEffort;
    priority.ioLevel = value.back() - '0';
    return {};
}

std::string ioniceOf(const Config& config) {
    using Io = core::ProcessPriority::Io;
    const auto& priority = config.restic.priority;
    if (priority.io == Io::bestEffort)
        return "best-effort:" + std::to_string(priority.ioLevel);
    return priority.io == Io::idle ? "idle" : "";
}

/// A size in MiB or GiB, from 64 MiB on: with less, restic's collector of garbage would do nothing else.
template <typename Section, typename Part>
ScalarKind size(Section Config::*section, std::int64_t Part::*member) {
    return {[=](Config& config, const std::string& value) -> std::string {
                constexpr std::int64_t kLeast = 64LL << 20;
                constexpr std::int64_t kMost = 1LL << 50;
                std::int64_t number = 0;
                const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
                const std::string_view unit =
                    std::string_view(value).substr(static_cast<std::size_t>(end - value.data()));
                const int shift = unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
                if (error != std::errc{} || shift < 0 || number < 0 || number > (kMost >> shift) ||
                    (number << shift) < kLeast)
                    return "must be a size from 64MiB on, like 512MiB or 2GiB";
                config.*section.*member = number << shift;
                return {};
            },
            [=](const Config& config) {
                const auto bytes = config.*section.*member;
                return bytes > 0 ? std::to_string(bytes >> 20) + "MiB" : std::string();
            }};
}

} // namespace

const std::vector<Scalar>& scalars() {
    using namespace std::chrono_literals;
    using O = Config::Orchestrator;
    using A = Config::Agent;
    using R = Config::Restic;
    using D = Config::Dumps;
    using T = Config::RestoreTest;
    static const std::vector<Scalar> all{
        {"orchestrator", "url", {setUrl, [](const Config& config) { return config.orchestrator.url; }}},
        {"orchestrator", "token", text(&Config::orchestrator, &O::token)},
        {"orchestrator", "ca_cert", absolutePath(&Config::orchestrator, &O::caCert)},
        {"agent", "id", text(&Config::agent, &A::id)},
        {"agent", "hostname", text(&Config::agent, &A::hostname)},
        {"agent", "poll_interval", duration(&Config::agent, &A::pollInterval, 1s)},
        {"agent", "long_poll_timeout", duration(&Config::agent, &A::longPollTimeout, 0s)},
        {"agent", "heartbeat_interval", duration(&Config::agent, &A::heartbeatInterval, 100ms)},
        {"agent", "heartbeat_timeout", duration(&Config::agent, &A::heartbeatTimeout, 100ms)},
        {"agent", "heartbeat_retry_attempts", integer(&Config::agent, &A::heartbeatRetryAttempts, 0, 100)},
        {"agent", "retry_backoff", duration(&Config::agent, &A::retryBackoff, 10ms)},
        {"agent", "retry_max_backoff", duration(&Config::agent, &A::retryMaxBackoff, 10ms)},
        {"agent", "failure_threshold", integer(&Config::agent, &A::failureThreshold, 1, 1000)},
        {"agent", "max_concurrent_tasks", integer(&Config::agent, &A::maxConcurrentTasks, 1, 64)},
        {"agent",
         "bind_to_machine",
         {setBindToMachine,
          [](const Config& config) { return config.agent.bindToMachine ? "true" : "false"; }}},
        {"agent", "plugin_path", absolutePath(&Config::agent, &A::pluginPath)},
        {"agent", "local_policy", absolutePath(&Config::agent, &A::localPolicy)},
        {"agent",
         "log_level",
         {setLogLevel,
          [](const Config& config) { return std::string(core::logLevelName(config.agent.logLevel)); }}},
        {"agent",
         "log_format",
         {setLogFormat,
          [](const Config& config) {
              return config.agent.logFormat == core::LogFormat::json ? "json" : "text";
          }}},
        {"restic", "binary", {setBinary, [](const Config& config) { return config.restic.binary; }}},
        {"restic", "cache_dir", absolutePath(&Config::restic, &R::cacheDir)},
        {"restic", "config_dir", absolutePath(&Config::restic, &R::configDir)},
        {"restic", "temp_dir", absolutePath(&Config::restic, &R::tempDir)},
        {"restic", "limit_upload_kib", integer(&Config::restic, &R::limitUploadKib, 0, 1000000000)},
        {"restic",
         "nice",
         {setNice,
          [](const Config& config) {
              const auto& nice = config.restic.priority.nice;
              return nice ? std::to_string(*nice) : std::string();
          }}},
        {"restic", "ionice", {setIonice, ioniceOf}},
        {"restic", "memory_limit", size(&Config::restic, &R::memoryLimit)},
        {"restic", "command_timeout", duration(&Config::restic, &R::commandTimeout, 1s)},
        {"restic", "interrupt_grace", duration(&Config::restic, &R::interruptGrace, 0s)},
        {"restic", "stream_interval", duration(&Config::restic, &R::streamInterval, 10ms)},
        {"hooks", "dir", absolutePath(&Config::hooks, &Config::Hooks::dir)},
        {"hooks", "timeout", duration(&Config::hooks, &Config::Hooks::timeout, 1s)},
        {"dumps", "stall_timeout", duration(&Config::dumps, &D::stallTimeout, 1s)},
        {"dumps", "probe_timeout", duration(&Config::dumps, &D::probeTimeout, 1s)},
        {"dumps", "cleanup_timeout", duration(&Config::dumps, &D::cleanupTimeout, 1s)},
        {"dumps", "plugin_memory", size(&Config::dumps, &D::pluginMemory)},
        {"dumps", "staging_dir", absolutePath(&Config::dumps, &D::stagingDir)},
        {"dumps", "max_disk_usage", size(&Config::dumps, &D::maxDiskUsage)},
        {"restore_test", "scratch_dir", absolutePath(&Config::restoreTest, &T::scratchDir)},
        {"restore_test", "max_files", integer(&Config::restoreTest, &T::maxFiles, 1, 1000000)},
        {"restore_test", "max_size", size(&Config::restoreTest, &T::maxSize)},
    };
    return all;
}

std::string environmentName(const Scalar& scalar) {
    std::string name = "RESTIC_AGENT_";
    if (std::string_view(scalar.section) != "agent")
        name += std::string(scalar.section) + "_";
    name += scalar.key;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
}

} // namespace agent
