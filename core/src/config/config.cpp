#include "core/config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "core/text.h"
#include "core/time.h"

namespace core::config {

Config::Config(std::map<std::string, Value> values) : values_(std::move(values)) {}
Config::~Config() = default;

const Config::Value& Config::at(std::string_view key, SettingType type) const {
    const auto found = values_.find(std::string(key));
    if (found == values_.end() || found->second.setting.type != type)
        throw Error(errors::kInternal, fmt::format("The setting {} is not declared with this type.", key));
    return found->second;
}

const std::string& Config::text(std::string_view key) const {
    return at(key, SettingType::text).text;
}
std::int64_t Config::integer(std::string_view key) const {
    return at(key, SettingType::integer).number;
}
bool Config::boolean(std::string_view key) const {
    return at(key, SettingType::boolean).number != 0;
}
milliseconds Config::duration(std::string_view key) const {
    return milliseconds{at(key, SettingType::duration).number};
}
std::int64_t Config::bytes(std::string_view key) const {
    return at(key, SettingType::size).number;
}
const std::vector<std::string>& Config::list(std::string_view key) const {
    return at(key, SettingType::list).list;
}

std::string environmentName(const Setting& setting) {
    if (!setting.environment.empty())
        return setting.environment;
    std::string name = "AE_";
    for (const char c : setting.key)
        name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

namespace {

std::string_view typeName(SettingType type) {
    constexpr std::string_view kNames[] = {"text", "integer", "boolean", "duration", "size", "list"};
    return kNames[static_cast<int>(type)];
}

std::optional<std::int64_t> parseSize(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0)
        return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, shift] : {std::pair{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}})
        if (unit == name)
            return number > (INT64_MAX >> shift) ? std::nullopt : std::optional(number << shift);
    return std::nullopt;
}

/// A limit in the setting's own unit.
std::string limitText(const Setting& setting, std::int64_t value) {
    if (setting.type != SettingType::duration)
        return fmt::format("{}", value);
    return value % 1000 == 0 ? fmt::format("{}s", value / 1000) : fmt::format("{}ms", value);
}

/// Reads the text as the setting's type; returns what is wrong with it.
std::optional<std::string> interpret(Config::Value& value) {
    const Setting& setting = value.setting;
    const std::string& text = value.text;
    switch (setting.type) {
    case SettingType::text:
        if (!setting.oneOf.empty() &&
            std::find(setting.oneOf.begin(), setting.oneOf.end(), text) == setting.oneOf.end())
            return fmt::format("must be one of {}", fmt::join(setting.oneOf, ", "));
        return setting.check ? setting.check(text) : std::nullopt;
    case SettingType::list:
        if (value.list.empty() && !text.empty()) {
            // ':' as in PATH where the value is one of folders, ',' otherwise.
            const char separator =
                setting.key.ends_with("path") || setting.key.ends_with("roots") ? ':' : ',';
            std::string_view rest = text;
            while (!rest.empty()) {
                const auto end = rest.find(separator);
                if (const auto part = rest.substr(0, end); !part.empty())
                    value.list.emplace_back(part);
                rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            }
        }
        for (const auto& entry : value.list)
            if (auto wrong = setting.check ? setting.check(entry) : std::nullopt)
                return wrong;
        return std::nullopt;
    case SettingType::boolean:
        if (text == "true" || text == "yes" || text == "on" || text == "1")
            value.number = 1;
        else if (text == "false" || text == "no" || text == "off" || text == "0")
            value.number = 0;
        else
            return "must be true or false";
        return std::nullopt;
    case SettingType::integer: {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.number);
        if (text.empty() || error != std::errc{} || end != text.data() + text.size())
            return "must be an integer";
        break;
    }
    case SettingType::duration: {
        const auto duration = parseDuration(text);
        if (!duration)
            return "must be a duration like 30s, 5m or 1h30m";
        value.number = duration->count();
        break;
    }
    case SettingType::size: {
        const auto size = parseSize(text);
        if (!size)
            return "must be a size like 4096, 16MiB or 1GiB";
        value.number = *size;
        break;
    }
    }
    if (setting.min && value.number < *setting.min)
        return fmt::format("must be at least {}", limitText(setting, *setting.min));
    if (setting.max && value.number > *setting.max)
        return fmt::format("must be at most {}", limitText(setting, *setting.max));
    return std::nullopt;
}

struct FileValue {
    std::string text;
    std::vector<std::string> list;
    bool isList = false;
    int line = 0;
};

/// Flattens the YAML tree into dotted keys. Anchors could make a small file very large, so its depth and the
/// number of nodes that are looked at are bounded.
void flatten(const YAML::Node& node, const std::string& prefix, int depth, std::size_t& looked,
             std::map<std::string, FileValue>& out, std::vector<Problem>& problems) {
    constexpr std::size_t kMost = 2000;
    if (looked > kMost)
        return;
    const int line = node.Mark().line + 1;
    looked += node.IsSequence() ? 1 + node.size() : 1;
    if (depth > 8 || looked > kMost) {
        problems.push_back(
            {prefix, fmt::format("line {}: the file is nested too deeply or too large", line)});
        looked = kMost + 1; // said once
        return;
    }
    if (node.IsMap()) {
        std::set<std::string> keys; // of two maps under one key yaml-cpp keeps both
        for (const auto& entry : node) {
            const auto key = entry.first.as<std::string>();
            const std::string path = prefix.empty() ? key : prefix + "." + key;
            if (!keys.insert(key).second || out.contains(path))
                problems.push_back(
                    {path, fmt::format("line {}: {} is given twice", entry.first.Mark().line + 1, path)});
            flatten(entry.second, path, depth + 1, looked, out, problems);
        }
        return;
    }
    FileValue value;
    value.line = line;
    if (node.IsSequence()) {
        value.isList = true;
        for (const auto& item : node) {
            if (!item.IsScalar()) {
                problems.push_back(
                    {prefix, fmt::format("line {}: {} must be a list of plain values", line, prefix)});
                return;
            }
            value.list.push_back(item.as<std::string>());
        }
    } else if (node.IsScalar()) {
        value.text = node.as<std::string>();
    } else if (!node.IsNull()) {
        return;
    }
    out[prefix] = std::move(value);
}

std::map<std::string, FileValue> readFile(const Sources& sources, std::vector<Problem>& problems) {
    std::map<std::string, FileValue> values;
    if (sources.file.empty())
        return values;
    std::error_code code;
    if (!std::filesystem::exists(sources.file, code)) {
        if (sources.fileRequired)
            problems.push_back({"", fmt::format("the configuration file {} does not exist", sources.file)});
        return values;
    }
    if (std::filesystem::is_directory(sources.file, code)) {
        problems.push_back(
            {"", fmt::format("{} is a folder; --config names a file of settings", sources.file)});
        return values;
    }
    if (std::filesystem::is_regular_file(sources.file, code) &&
        std::filesystem::file_size(sources.file, code) > (1U << 20U)) {
        problems.push_back({"", fmt::format("the configuration file {} is larger than 1 MiB", sources.file)});
        return values;
    }
    try {
        const YAML::Node root = YAML::LoadFile(sources.file);
        std::size_t looked = 0;
        if (root.IsMap())
            flatten(root, "", 0, looked, values, problems);
        else if (!root.IsNull())
            problems.push_back(
                {"", fmt::format("{} must contain settings like \"http:\", not plain text", sources.file)});
    } catch (const YAML::ParserException& e) {
        problems.push_back({"", fmt::format("{}, line {}: {}", sources.file, e.mark.line + 1, e.msg)});
    } catch (const YAML::BadFile&) {
        problems.push_back(
            {"", fmt::format("the configuration file {} cannot be read by this user", sources.file)});
    } catch (const YAML::Exception& e) {
        problems.push_back({"", fmt::format("{}: {}", sources.file, e.what())});
    }
    return values;
}

/// What is given and no setting takes: every key of the file, and variables that look like a mistyped one.
/// Others that begin with AE_ may be somebody else's.
void judgeUnknown(const std::vector<Setting>& settings, const Sources& sources,
                  const std::map<std::string, FileValue>& rest, std::vector<Problem>& problems) {
    std::vector<std::string> keys, variables;
    for (const auto& setting : settings) {
        keys.push_back(setting.key);
        variables.push_back(environmentName(setting));
    }
    for (const auto& [key, value] : rest) {
        const auto meant = closest(key, keys);
        problems.push_back(
            {key, fmt::format("{}, line {}: {} is not a known setting{}", sources.file, value.line, key,
                              meant ? "; did you mean " + *meant + "?" : "")});
    }
    for (const auto& [name, value] : sources.environment) {
        if (!name.starts_with("AE_") ||
            std::find(variables.begin(), variables.end(), name) != variables.end())
            continue;
        if (const auto meant = closest(name, variables))
            problems.push_back(
                {"", fmt::format("the variable {} is not a known setting; did you mean {}?", name, *meant)});
    }
}

} // namespace

Result<std::shared_ptr<const Config>> read(const std::vector<Setting>& settings, const Sources& sources) {
    std::vector<Problem> problems;
    auto file = readFile(sources, problems);
    std::map<std::string, Config::Value> values;
    for (const Setting& setting : settings) {
        Config::Value value{setting, setting.defaultValue, {}, 0, {}};
        std::string where = "the default of " + setting.key;
        if (const auto found = file.find(setting.key); found != file.end()) {
            where = fmt::format("{}, line {}: {}", sources.file, found->second.line, setting.key);
            value.origin = {Origin::Kind::file, fmt::format("line {}", found->second.line)};
            if (found->second.isList && setting.type != SettingType::list)
                problems.push_back({setting.key, where + " must be one value, not a list"});
            value.text = found->second.text;
            value.list = found->second.list;
            file.erase(found);
        }
        const std::string variable = environmentName(setting);
        if (const auto found = sources.environment.find(variable); found != sources.environment.end()) {
            where = fmt::format("{} ({})", variable, setting.key);
            value.origin = {Origin::Kind::environment, variable};
            value.text = found->second;
            value.list.clear();
        }
        if (const auto found = sources.flags.find(setting.key); found != sources.flags.end()) {
            where = fmt::format("the flag for {}", setting.key);
            value.origin = {Origin::Kind::flag, "flag"};
            value.text = found->second;
            value.list.clear();
        }
        // Nobody asked for a setting without a value and a default.
        const bool unset = value.text.empty() && value.list.empty();
        if (!unset || (setting.type != SettingType::text && setting.type != SettingType::list &&
                       !setting.defaultValue.empty())) {
            if (const auto wrong = interpret(value))
                problems.push_back({setting.key, where + " " + *wrong});
        }
        values.emplace(setting.key, std::move(value));
    }
    if (!sources.allowUnknown)
        judgeUnknown(settings, sources, file, problems);
    if (!problems.empty()) {
        std::string message = problems.size() == 1
                                  ? "The configuration is not valid: "
                                  : fmt::format("The configuration has {} problems: ", problems.size());
        for (std::size_t i = 0; i < problems.size(); ++i)
            message += (i > 0 ? "; " : "") + problems[i].message;
        return Error(errors::kValidation, message + (message.ends_with('.') ? "" : "."), std::move(problems));
    }
    return std::make_shared<const Config>(std::move(values));
}

std::string show(const Config& config) {
    std::string out;
    for (const auto& [key, value] : config.values()) {
        std::string text = value.text;
        if (!value.list.empty())
            text = fmt::format("[{}]", fmt::join(value.list, ", "));
        if (value.setting.secret && !text.empty())
            text = "***";
        constexpr std::string_view kOrigins[] = {"default", "file", "environment", "flag"};
        out += fmt::format("{}: {}  # {}{}\n", key, text.empty() ? "\"\"" : text,
                           kOrigins[static_cast<int>(value.origin.kind)],
                           value.origin.where.empty() || value.origin.kind == Origin::Kind::flag
                               ? ""
                               : ", " + value.origin.where);
    }
    return out;
}

namespace {
/// What a value may be: "integer, 2 to 500 connections".
std::string domain(const Setting& setting) {
    std::string text = setting.oneOf.empty() ? std::string(typeName(setting.type))
                                             : fmt::format("{}", fmt::join(setting.oneOf, ", "));
    const auto number = [&](std::int64_t value) { return limitText(setting, value); };
    if (setting.min && setting.max)
        text += fmt::format(", {} to {}", number(*setting.min), number(*setting.max));
    else if (setting.min)
        text += fmt::format(", at least {}", number(*setting.min));
    else if (setting.max)
        text += fmt::format(", at most {}", number(*setting.max));
    if (!setting.unit.empty())
        text += " " + setting.unit;
    return text;
}
} // namespace

std::string reference(const std::vector<SettingGroup>& groups) {
    std::string out;
    for (const SettingGroup& group : groups) {
        if (group.settings.empty())
            continue;
        out +=
            fmt::format("## {}\n\n| key | environment | value | default | meaning |\n|---|---|---|---|---|\n",
                        group.name);
        for (const Setting& setting : group.settings) {
            std::string notes;
            if (setting.secret)
                notes += " Secret.";
            if (!setting.restartNeeded)
                notes += " Taken at SIGHUP.";
            if (!setting.seedName.empty())
                notes += fmt::format(" Formerly {}.", setting.seedName);
            out += fmt::format(
                "| `{}` | `{}` | {} | {} | {}.{} |\n", setting.key, environmentName(setting), domain(setting),
                setting.defaultValue.empty() ? "" : "`" + setting.defaultValue + "`", setting.doc, notes);
        }
        out += "\n";
    }
    return out;
}

} // namespace core::config
