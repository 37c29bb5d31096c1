#include "api/field_rules.h"

#include <algorithm>

#include "core/wire.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_state.h"

namespace restic::api {

std::optional<std::string> checkNoComma(const std::string& tag) {
    return tag.find(',') == std::string::npos ? std::nullopt
                                              : std::optional<std::string>("must not contain a comma");
}

std::optional<std::string> checkAbsolute(const std::string& path) {
    if (path.empty() || path.front() != '/')
        return "must be an absolute path";
    if (path.find('\n') != std::string::npos)
        return "must not contain a line break";
    return std::nullopt;
}

std::string requireHostname(const std::string& text) {
    const auto name = protocol::normalHostName(text);
    if (!name)
        throw core::wire::validationError(
            {{"/hostname", "must be a host name: letters, digits, \"-\" and \"_\", parts separated by dots, "
                           "at most 63 characters each"}});
    return *name;
}

std::vector<core::Problem> problemsOfEnvironment(const std::map<std::string, std::string>& environment) {
    std::vector<core::Problem> problems;
    for (const auto& [name, value] : environment) {
        const auto kind = protocol::environmentName(name);
        const auto pointer = "/environment_vars/" + name;
        if (kind == protocol::EnvironmentName::refused)
            problems.push_back({pointer, "is not a variable that a repository may set"});
        else if (kind == protocol::EnvironmentName::secret)
            problems.push_back(
                {pointer, "is a secret: environment_vars can be read by everybody of the tenant"});
        else if (protocol::hasCredentials(value))
            problems.push_back({pointer, "must not contain a password"});
        else if (value.find_first_of("\r\n") != std::string::npos)
            problems.push_back({pointer, "must not contain a line break"});
    }
    return problems;
}

namespace {
void judge(const core::json::Value& value, const std::string& name, const std::string& pointer,
           const std::vector<std::string>& kept, std::vector<core::Problem>& problems) {
    if (protocol::isSecretName(name)) {
        const auto* reference = value.object() != nullptr ? value.find("vault") : nullptr;
        const auto* place = reference != nullptr ? reference->string() : nullptr;
        if (place == nullptr || value.object()->members().size() != 1 ||
            std::find(kept.begin(), kept.end(), *place) == kept.end())
            problems.push_back(
                {pointer, "is a secret: give " + name + "_file, the path of a file on the agent"});
        return;
    }
    if (const auto* text = value.string()) {
        if (protocol::hasCredentials(*text))
            problems.push_back({pointer, "must not contain a password"});
        else if (protocol::isSecretName(name.substr(0, name.rfind("_file"))) && name.ends_with("_file") &&
                 checkAbsolute(*text))
            problems.push_back({pointer, *checkAbsolute(*text)});
    } else if (const auto* object = value.object()) {
        for (const auto& [key, inner] : object->members())
            judge(inner, key, pointer + "/" + key, kept, problems);
    } else if (const auto* array = value.array()) {
        for (std::size_t i = 0; i < array->size(); ++i)
            judge((*array)[i], name, pointer + "/" + std::to_string(i), kept, problems);
    }
}
} // namespace

std::vector<core::Problem> problemsOfPluginSettings(const core::json::Object& settings,
                                                    const std::string& pointer,
                                                    const std::vector<std::string>& kept) {
    std::vector<core::Problem> problems;
    for (const auto& [name, value] : settings.members())
        judge(value, name, pointer + "/" + name, kept, problems);
    return problems;
}

const std::vector<std::string>& repositoryTypes() {
    static const std::vector<std::string> types{"local"};
    return types;
}

const std::vector<std::string>& taskStates() {
    static const std::vector<std::string> states = [] {
        std::vector<std::string> all;
        all.reserve(std::size(protocol::kAllTaskStates));
        for (const auto state : protocol::kAllTaskStates)
            all.emplace_back(protocol::toText(state));
        return all;
    }();
    return states;
}

} // namespace restic::api
