#include "commands/plugin_settings_input.h"

#include <charconv>
#include <fstream>
#include <iostream>
#include <sstream>

#include "config/yaml_json.h"
#include "plugins/plugin_file.h"
#include "restic/protocol/plugin_settings.h"

namespace agent {
namespace {
using core::json::Object;
using core::json::Value;

[[noreturn]] void refuse(const std::string& why) {
    throw core::Error(errors::kPlugin, why);
}

std::string textOf(const std::string& file) {
    std::ostringstream text;
    if (file == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(file, std::ios::binary);
    text << in.rdbuf();
    if (!in)
        refuse(file + " cannot be read");
    return text.str();
}

std::string typeOf(const Object& schema, const std::string& key) {
    const auto* properties = schema.find("properties");
    const auto* property = properties == nullptr ? nullptr : properties->find(key);
    return property == nullptr ? std::string() : property->stringOr("type", "string");
}

Value valueOf(const std::string& key, const std::string& type, const std::string& text) {
    if (type == "boolean") {
        if (text != "true" && text != "false")
            refuse(key + " must be true or false");
        return text == "true";
    }
    if (type == "integer" || type == "number") {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size())
            refuse(key + " must be a whole number");
        return number;
    }
    if (type == "array") {
        core::json::Array out;
        std::istringstream parts(text);
        for (std::string part; std::getline(parts, part, ',');)
            out.emplace_back(part);
        return out;
    }
    return text;
}
} // namespace

std::optional<Object> readPluginSettings(const Object& schema, const std::string& file,
                                         const std::vector<std::string>& assignments, const Object& before) {
    if (file.empty() && assignments.empty())
        return std::nullopt;
    Object settings = before;
    if (!file.empty()) {
        const auto document = readYaml(textOf(file), file == "-" ? "standard input" : file);
        if (document.object() == nullptr && !document.isNull())
            refuse(file + " holds no mapping of keys to values");
        settings = document.object() == nullptr ? Object() : *document.object();
    }
    const auto secrets = restic::protocol::secretsOf(schema);
    for (const auto& assignment : assignments) {
        const auto equals = assignment.find('=');
        if (equals == 0 || equals == std::string::npos)
            refuse("\"" + assignment + "\" is no KEY=VALUE");
        const auto key = assignment.substr(0, equals);
        const auto type = typeOf(schema, key);
        if (type.empty())
            refuse(key + " is not a setting of this plugin");
        const auto text = assignment.substr(equals + 1);
        if (text.empty() && secrets.contains(key))
            settings.set(key, Value()); // one that is only left out would stay
        else if (text.empty())
            settings.erase(key);
        else
            settings.set(key, valueOf(key, type, text));
    }
    return settings;
}

} // namespace agent
