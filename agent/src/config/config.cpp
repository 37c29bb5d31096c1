#include "config/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/yaml_node_json.h"
#include "core/text.h"
#include "core/time.h"
#include "restic/protocol/repository_config.h"

namespace agent {
namespace {

constexpr std::uintmax_t kMaxFileSize = 1U << 20U;

/// Reads one value; returns what is wrong, or "".
using Set = std::function<std::string(Config&, const std::string&)>;
/// The value as the file would have it.
using Get = std::function<std::string(const Config&)>;

/// One setting with a single value: its place in the file, and how it is read and written.
struct Scalar {
    const char* section;
    const char* key;
    std::pair<Set, Get> as;
};

template <typename Section, typename Part>
std::pair<Set, Get> text(Section Config::*section, std::string Part::*member) {
    return {[=](Config& config, const std::string& value) {
                config.*section.*member = value;
                return std::string();
            },
            [=](const Config& config) { return config.*section.*member; }};
}

template <typename Section, typename Part>
std::pair<Set, Get> absolutePath(Section Config::*section, std::string Part::*member) {
    return {[=](Config& config, const std::string& value) -> std::string {
                if (!value.starts_with('/'))
                    return "must be an absolute path";
                config.*section.*member = value;
                return {};
            },
            [=](const Config& config) { return config.*section.*member; }};
}

template <typename Section>
std::pair<Set, Get> duration(Section Config::*section, std::chrono::milliseconds Section::*member,
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
std::pair<Set, Get> integer(Section Config::*section, std::int64_t Section::*member, std::int64_t least,
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
std::pair<Set, Get> size(Section Config::*section, std::int64_t Part::*member) {
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

const std::vector<Scalar>& scalars() {
    using namespace std::chrono_literals;
    using O = Config::Orchestrator;
    using A = Config::Agent;
    using R = Config::Restic;
    using D = Config::Dumps;
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
        {"dumps", "stall_timeout", duration(&Config::dumps, &D::stallTimeout, 1s)},
        {"dumps", "probe_timeout", duration(&Config::dumps, &D::probeTimeout, 1s)},
        {"dumps", "cleanup_timeout", duration(&Config::dumps, &D::cleanupTimeout, 1s)},
        {"dumps", "plugin_memory", size(&Config::dumps, &D::pluginMemory)},
        {"dumps", "staging_dir", absolutePath(&Config::dumps, &D::stagingDir)},
        {"dumps", "max_disk_usage", size(&Config::dumps, &D::maxDiskUsage)},
    };
    return all;
}

/// RESTIC_AGENT_ and the key in capitals; keys of other sections than `agent` with their section before them.
std::string environmentName(const Scalar& scalar) {
    std::string name = "RESTIC_AGENT_";
    if (std::string_view(scalar.section) != "agent")
        name += std::string(scalar.section) + "_";
    name += scalar.key;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
}

/// A variable that looks like a mistyped setting. Others with the prefix may be somebody else's: a cluster
/// names its services RESTIC_AGENT_SERVICE_HOST and the like.
void judgeUnknown(const Environment& environment) {
    // These two are read by the command line.
    std::vector<std::string> known{"RESTIC_AGENT_CONFIG", "RESTIC_AGENT_STATE_DIR"};
    for (const auto& scalar : scalars())
        known.push_back(environmentName(scalar));
    for (const auto& [name, value] : environment) {
        if (!name.starts_with("RESTIC_AGENT_") || std::find(known.begin(), known.end(), name) != known.end())
            continue;
        if (const auto meant = core::closest(name, known))
            throw core::Error(
                errors::kConfig,
                fmt::format("The variable {} is not a known setting; did you mean {}?", name, *meant));
    }
}

class FileReader {
public:
    FileReader(std::string name, Config& config) : name_(std::move(name)), config_(config) {}

    void read(const YAML::Node& root) {
        if (root.IsNull() || !root.IsDefined())
            return;
        map(root, "", [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
            if (key == "orchestrator" || key == "agent" || key == "restic" || key == "dumps")
                section(key, value);
            else if (key == "backup")
                backup(value);
            else if (key == "repository")
                repository(value);
            else if (key == "plugins")
                plugins(value);
            else
                fail(at, key,
                     "is not a section; there are orchestrator, agent, restic, dumps, backup, repository, "
                     "plugins");
        });
    }

private:
    [[noreturn]] void fail(const YAML::Node& at, const std::string& key, const std::string& what) const {
        throw core::Error(errors::kConfig,
                          fmt::format("{}, line {}: {} {}", name_, at.Mark().line + 1, key, what));
    }

    template <typename Entry>
    void map(const YAML::Node& node, const std::string& name, Entry&& entry) const {
        if (node.IsNull())
            return;
        if (!node.IsMap())
            fail(node, name.empty() ? "the file" : name, "must be a mapping of keys to values");
        std::vector<std::string> seen;
        for (const auto& item : node) {
            if (!item.first.IsScalar())
                fail(item.first, name, "has a key that is no text");
            const auto& key = item.first.Scalar();
            const auto full = name.empty() ? key : name + "." + key;
            if (std::find(seen.begin(), seen.end(), key) != seen.end())
                fail(item.first, full, "stands there twice");
            seen.push_back(key);
            entry(full, item.second, item.first);
        }
    }

    std::string scalar(const YAML::Node& node, const std::string& key) const {
        if (!node.IsScalar())
            fail(node, key, "must be a single value");
        return node.Scalar();
    }

    std::vector<std::string> list(const YAML::Node& node, const std::string& key) const {
        std::vector<std::string> out;
        if (node.IsNull())
            return out;
        if (!node.IsSequence())
            fail(node, key, "must be a list");
        for (const auto& item : node) {
            out.push_back(scalar(item, key));
            if (out.back().empty())
                fail(item, key, "has an empty entry");
        }
        return out;
    }

    void section(const std::string& name, const YAML::Node& node) {
        map(node, name, [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
            if (key == "restic.allow_backends") {
                config_.restic.allowBackends = list(value, key);
                for (const auto& kind : config_.restic.allowBackends)
                    if (restic::protocol::findRepositoryKind(kind) == nullptr)
                        fail(value, key, "names " + kind + ", which is no kind of repository");
                return;
            }
            const auto known = std::find_if(scalars().begin(), scalars().end(), [&](const Scalar& candidate) {
                return key == std::string(candidate.section) + "." + candidate.key;
            });
            if (known == scalars().end())
                fail(at, key, "is not a setting");
            if (const auto problem = known->as.first(config_, scalar(value, key)); !problem.empty())
                fail(value, key, problem);
        });
    }

    void backup(const YAML::Node& node) {
        map(node, "backup", [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
            if (key == "backup.exclude") {
                config_.backup.exclude = list(value, key);
            } else if (key == "backup.sources") {
                if (value.IsNull())
                    return;
                if (!value.IsSequence())
                    fail(value, key, "must be a list");
                for (const auto& item : value)
                    source(item);
            } else {
                fail(at, key, "is not a setting");
            }
        });
    }

    void source(const YAML::Node& node) {
        Config::Source source;
        map(node, "backup.sources",
            [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
                if (key == "backup.sources.path")
                    source.path = scalar(value, key);
                else if (key == "backup.sources.policy")
                    source.policy = scalar(value, key);
                else
                    fail(at, key, "is not a setting");
            });
        if (!source.path.starts_with('/'))
            fail(node, "backup.sources.path", "must be an absolute path");
        if (source.policy.empty())
            fail(node, "backup.sources.policy", "must name a policy");
        config_.backup.sources.push_back(std::move(source));
    }

    void repository(const YAML::Node& node) {
        if (node.IsNull())
            return;
        Config::Repository repository;
        std::string type;
        std::optional<core::json::Object> config;
        map(node, "repository", [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
            if (key == "repository.url")
                repository.url = scalar(value, key);
            else if (key == "repository.type")
                type = scalar(value, key);
            else if (key == "repository.config") {
                const auto document = json(value, key);
                if (document.object() != nullptr)
                    config = *document.object();
                else
                    fail(at, key, "must be a map of the kind's fields");
            } else if (key == "repository.password_file")
                repository.passwordFile = scalar(value, key);
            else if (key == "repository.cert_file")
                repository.certFile = scalar(value, key);
            else
                fail(at, key, "is not a setting");
        });
        repositoryAddress(node, type, config, repository);
        if (repository.passwordFile.empty())
            fail(node, "repository.password_file", "is needed");
        config_.repository = std::move(repository);
    }

    /// `url`, or `type` and `config` with the kind's fields, as the API takes them.
    void repositoryAddress(const YAML::Node& node, const std::string& type,
                           const std::optional<core::json::Object>& config, Config::Repository& repository) {
        namespace protocol = restic::protocol;
        const auto* kind =
            type.empty() ? protocol::kindOfAddress(repository.url) : protocol::findRepositoryKind(type);
        if (repository.url.empty() && type.empty())
            return fail(node, "repository.url", "is needed, or type and config");
        if (kind == nullptr)
            return type.empty() ? fail(node, "repository.url", "is no address of restic's")
                                : fail(node, "repository.type", "is no kind of repository");
        const bool hasUrl = !repository.url.empty();
        if (hasUrl && protocol::kindOfAddress(repository.url) != kind)
            fail(node, "repository.url", "does not begin with \"" + kind->prefix + "\"");
        repository.config = config.value_or(core::json::Object());
        const auto read = protocol::readConfig(
            *kind, repository.config, hasUrl ? protocol::Address::beside : protocol::Address::inConfig);
        if (!read) {
            for (const auto& problem : read.error().details())
                fail(node, "repository.config." + problem.pointer.substr(1), problem.message);
            return;
        }
        for (const auto& problem : protocol::missingPartners(*kind, read.value()))
            fail(node, "repository.config." + problem.pointer.substr(1), problem.message);
        for (const auto& [field, secret] : read.value().secrets)
            fail(node, "repository.config." + field,
                 "is a secret: write it into a file, and name that as " + field + "_file");
        if (!hasUrl)
            repository.url = kind->address(read.value().values);
    }

    void plugins(const YAML::Node& node) {
        map(node, "plugins", [&](const std::string& key, const YAML::Node& value, const YAML::Node&) {
            auto settings = json(value, key);
            if (settings.isNull())
                settings = core::json::Object();
            if (settings.object() == nullptr)
                fail(value, key, "must be a mapping of keys to values");
            config_.plugins[key.substr(std::string_view("plugins.").size())] = *settings.object();
        });
    }

    core::json::Value json(const YAML::Node& node, const std::string& key) const {
        return jsonOf(node, name_, key);
    }

    std::string name_;
    Config& config_;
};

std::string machineName() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0)
        return "localhost";
    return name.data();
}

} // namespace

Environment currentEnvironment() {
    Environment out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view pair(*entry);
        if (const auto equals = pair.find('='); equals != std::string_view::npos)
            out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return out;
}

std::vector<Setting> settings() {
    std::vector<Setting> out;
    const Config defaults;
    for (const auto& scalar : scalars())
        out.push_back({std::string(scalar.section) + "." + scalar.key, environmentName(scalar),
                       scalar.as.second(defaults)});
    for (const auto* key : {"restic.allow_backends", "backup.sources.path", "backup.sources.policy",
                            "backup.exclude", "repository.url", "repository.type", "repository.config",
                            "repository.password_file", "repository.cert_file", "plugins.NAME"})
        out.push_back({key, {}, {}});
    return out;
}

Config parseConfig(const std::string& text, const std::string& name, const Environment& environment) {
    Config config;
    try {
        FileReader(name, config).read(YAML::Load(text));
    } catch (const YAML::Exception& error) {
        // Its own message may quote the text, which may be a secret.
        throw core::Error(errors::kConfig, fmt::format("{}, line {}: this is not well-formed YAML", name,
                                                       error.mark.is_null() ? 1 : error.mark.line + 1));
    }
    judgeUnknown(environment);
    for (const auto& scalar : scalars()) {
        const auto variable = environmentName(scalar);
        const auto found = environment.find(variable);
        if (found == environment.end() || found->second.empty())
            continue;
        if (const auto problem = scalar.as.first(config, found->second); !problem.empty())
            throw core::Error(errors::kConfig, variable + " " + problem);
    }
    if (config.agent.hostname.empty())
        config.agent.hostname = machineName();
    if (config.agent.retryMaxBackoff < config.agent.retryBackoff)
        throw core::Error(errors::kConfig,
                          name + ": agent.retry_max_backoff is shorter than agent.retry_backoff");
    return config;
}

Config loadConfig(const std::filesystem::path& file, bool required, const Environment& environment) {
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
        if (required || code)
            throw core::Error(errors::kConfig, file.string() + ": there is no such file");
        return parseConfig({}, file.string(), environment);
    }
    if (std::filesystem::canonical(file, code) == "/dev/null") // how one says that there is none
        return parseConfig({}, file.string(), environment);
    if (!std::filesystem::is_regular_file(file, code) ||
        std::filesystem::file_size(file, code) > kMaxFileSize)
        throw core::Error(errors::kConfig, file.string() + ": this is not a configuration file");
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        throw core::Error(errors::kConfig, file.string() + ": the file cannot be read");
    return parseConfig(text.str(), file.string(), environment);
}

} // namespace agent
