#include "restic/protocol/plugin_settings.h"

// Otherwise it ends the process at a schema that is none, and schemas come from agents.
#define VALIJSON_USE_EXCEPTIONS 1

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace restic::protocol {
namespace {
using core::json::Object;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

/// More properties than a form can show.
constexpr std::size_t kMostProperties = 100;
constexpr std::size_t kMostProblems = 20;

nlohmann::json converted(const Object& object) {
    return nlohmann::json::parse(core::json::write(object));
}

const Object& propertiesOf(const Object& schema) {
    static const Object none;
    const auto* properties = schema.find("properties");
    return properties != nullptr && properties->object() != nullptr ? *properties->object() : none;
}

std::set<std::string> marked(const Object& schema, std::string_view mark) {
    std::set<std::string> out;
    for (const auto& [name, property] : propertiesOf(schema).members())
        if (property.booleanOr(mark))
            out.insert(name);
    return out;
}

/// "<root>[host][0]" as "/host/0".
std::string pointerOf(const std::string& context) {
    std::string out;
    for (std::size_t at = context.find('['); at != std::string::npos; at = context.find('[', at)) {
        const auto end = context.find(']', at);
        out += "/" + context.substr(at + 1, end == std::string::npos ? end : end - at - 1);
        if (end == std::string::npos)
            break;
        at = end;
    }
    return out;
}

core::json::Value withoutPatterns(const core::json::Value& value) {
    if (const auto* list = value.array()) {
        core::json::Array out;
        for (const auto& one : *list)
            out.push_back(withoutPatterns(one));
        return out;
    }
    if (value.object() == nullptr)
        return value;
    Object out;
    for (const auto& [name, inner] : value.object()->members())
        // A property may have such a name; a keyword's value is then no schema.
        if ((name != "pattern" && name != "patternProperties") ||
            (name == "pattern" && inner.object() != nullptr))
            out.set(name, withoutPatterns(inner));
    return out;
}

/// A schema of these properties only, of which none is required, and without regular expressions: one that
/// somebody else wrote may take for ever.
Object partialSchema(const Object& given) {
    auto schema = *withoutPatterns(core::json::Value(given)).object();
    schema.erase("required");
    for (const auto* key : {"allOf", "anyOf", "oneOf", "dependencies", "if", "then", "else"})
        schema.erase(key);
    return schema;
}

std::optional<std::string> parse(const Object& object, valijson::Schema& schema) {
    try {
        const auto document = converted(object);
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(Adapter(document), schema);
    } catch (const std::exception& error) {
        return error.what();
    }
    return std::nullopt;
}
} // namespace

std::optional<std::string> problemOfSetName(std::string_view name) {
    constexpr std::string_view kSigns = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    constexpr std::size_t kMost = 64;
    if (name.empty() || name.size() > kMost || name.front() == '.' ||
        name.find_first_not_of(kSigns) != std::string_view::npos)
        return "must be of letters, digits, \"_\", \"-\" and \".\", which is not the first; 64 at most";
    return std::nullopt;
}

std::optional<std::string> problemOfSchema(const Object& schema) {
    if (core::json::Value(schema).stringOr("type") != "object")
        return "its type must be \"object\"";
    const auto& properties = propertiesOf(schema);
    if (properties.size() > kMostProperties)
        return "it has more than " + std::to_string(kMostProperties) + " properties";
    const auto secrets = secretsOf(schema);
    for (const auto& [name, property] : properties.members()) {
        if (property.object() == nullptr)
            return "the property " + name + " is no schema";
        if (secrets.contains(name) && property.stringOr("type") != "string")
            return "the secret " + name + " must be of the type \"string\"";
        if (property.booleanOr("x-policy") && (secrets.contains(name) || property.booleanOr("x-machine") ||
                                               property.booleanOr("x-destination")))
            return "the property " + name +
                   " must not come from a policy: it is a secret, or of the machine, or says where secrets "
                   "go";
    }
    valijson::Schema parsed;
    return parse(schema, parsed);
}

std::vector<core::Problem> problemsOfSettings(const Object& schema, const Object& settings, bool partial) {
    std::vector<core::Problem> out;
    const auto& properties = propertiesOf(schema);
    for (const auto& [name, value] : settings.members())
        if (properties.find(name) == nullptr)
            out.push_back({"/" + name, "is not a setting of this plugin"});
    if (!out.empty())
        return out;
    valijson::Schema parsed;
    if (const auto problem = parse(partial ? partialSchema(schema) : schema, parsed))
        return {{"", "cannot be judged: the plugin's schema is none"}};
    const auto document = converted(settings);
    valijson::ValidationResults results;
    valijson::Validator validator;
    if (validator.validate(parsed, Adapter(document), &results))
        return out;
    // The validator tells the same once for each level that fails; the innermost says what.
    valijson::ValidationResults::Error error;
    while (results.popError(error) && out.size() < kMostProblems) {
        std::string context;
        for (const auto& part : error.context)
            context += part;
        if (error.description.starts_with("Failed to validate against"))
            continue;
        out.push_back({pointerOf(context), error.description});
    }
    if (out.empty())
        out.push_back({"", "does not fit the plugin's schema"});
    return out;
}

std::set<std::string> secretsOf(const Object& schema) {
    return marked(schema, "writeOnly");
}

std::set<std::string> policyFieldsOf(const Object& schema) {
    return marked(schema, "x-policy");
}

std::set<std::string> machineFieldsOf(const Object& schema) {
    return marked(schema, "x-machine");
}

std::set<std::string> destinationFieldsOf(const Object& schema) {
    return marked(schema, "x-destination");
}

MaskedSettings maskSettings(const Object& schema, const Object& settings) {
    MaskedSettings out;
    const auto secrets = secretsOf(schema);
    for (const auto& [name, value] : settings.members()) {
        if (secrets.contains(name))
            out.secrets.push_back(name);
        else
            out.values.set(name, value);
    }
    return out;
}

Object withDefaults(const Object& schema, Object settings) {
    for (const auto& [name, property] : propertiesOf(schema).members())
        if (const auto* standard = property.find("default"); standard != nullptr && !settings.find(name))
            settings.set(name, *standard);
    return settings;
}

} // namespace restic::protocol
