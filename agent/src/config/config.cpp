#include "config/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/scalar_settings.h"
#include "config/yaml_node_json.h"
#include "core/text.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/repository_config.h"

namespace agent {
namespace {

constexpr std::uintmax_t kMaxFileSize = 1U << 20U;

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
            if (key == "orchestrator" || key == "agent" || key == "restic" || key == "dumps" ||
                key == "restore_test" || key == "hooks")
                section(key, value);
            else if (key == "backup")
                backup(value);
            else if (key == "repository")
                repository(value);
            else if (key == "plugins")
                plugins(value);
            else
                fail(at, key,
                     "is not a section; there are orchestrator, agent, restic, dumps, restore_test, hooks, "
                     "backup, repository, plugins");
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
            if (const auto problem = known->as.set(config_, scalar(value, key)); !problem.empty())
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
            if (const auto* enabled = settings.find("enabled"); enabled != nullptr && !enabled->boolean())
                fail(value["enabled"], key + ".enabled", "must be true or false");
            if (settings.find("named") != nullptr)
                namedSettings(value["named"], key + ".named");
            config_.plugins[key.substr(std::string_view("plugins.").size())] = *settings.object();
        });
    }

    /// Further settings of a plugin, with names as the API takes them.
    void namedSettings(const YAML::Node& node, const std::string& key) {
        namespace protocol = restic::protocol;
        map(node, key, [&](const std::string& full, const YAML::Node& value, const YAML::Node& at) {
            const auto name = full.substr(key.size() + 1);
            if (name == protocol::kDefaultSettings)
                fail(at, full, "is the name of the plugin's own settings, which stand beside \"named\"");
            if (const auto problem = protocol::problemOfSetName(name))
                fail(at, key,
                     fmt::format("has settings named \"{}\": the name {}", core::printable(name), *problem));
            if (!value.IsMap())
                fail(value, full, "must be a mapping of keys to values");
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
                       scalar.as.get(defaults)});
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
        if (const auto problem = scalar.as.set(config, found->second); !problem.empty())
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
