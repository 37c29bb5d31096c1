#include "plugins/plugin_report.h"

#include <algorithm>

#include "core/encoding.h"
#include "core/text.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
using core::json::Object;

constexpr std::size_t kVersionLength = 32;
constexpr std::size_t kMostListed = 1000;
constexpr std::size_t kMostWarnings = 100;

void describeSetup(const Plugins& plugins, const PluginFile& file, protocol::PluginDescription& out) {
    const auto setup = plugins.settings().of(file.name);
    out.enabled = setup.enabled;
    out.setOnMachine = setup.setOnMachine;
    out.settingsVersion = setup.version;
    for (const auto& [name, settings] : setup.sets) {
        auto masked = protocol::maskSettings(file.settingsSchema, settings);
        protocol::PluginSet set{name, std::move(masked.values), std::move(masked.secrets), {}};
        if (const auto problems = protocol::problemsOfSettings(file.settingsSchema, settings);
            !problems.empty())
            set.problem = problems.front().pointer + " " + problems.front().message;
        out.sets.push_back(std::move(set));
    }
}

/// The members of a list, at most so many as a result holds.
std::vector<core::json::Value> listIn(const Object& answer, const char* name) {
    const auto* list = answer.find(name);
    if (list == nullptr || list->array() == nullptr)
        return {};
    const auto count = std::min(list->array()->size(), kMostListed);
    return {list->array()->begin(), list->array()->begin() + static_cast<std::ptrdiff_t>(count)};
}
} // namespace

protocol::AgentPlugins describePlugins(const Plugins& plugins) {
    protocol::AgentPlugins out;
    const auto installed = plugins.installed();
    for (const auto& file : installed.plugins) {
        protocol::PluginDescription one;
        one.name = file.name;
        one.version = core::printable(file.version);
        one.summary = file.summary;
        one.capabilities = file.capabilities;
        one.settingsSchema = file.settingsSchema;
        one.allowed = plugins.policy().allowsPlugin(file.name);
        try {
            describeSetup(plugins, file, one);
        } catch (const core::Error& error) {
            one.sets.push_back({protocol::kDefaultSettings, {}, {}, error.what()});
        }
        out.items.push_back(std::move(one));
    }
    for (const auto& refused : installed.refused)
        out.refused.push_back({refused.name, refused.why});
    out.localPolicy = plugins.policy().document();
    out.version = core::hexEncode(core::sha256(core::wire::write(out))).substr(0, kVersionLength);
    return out;
}

std::optional<std::string> productIn(const Object& answer, const char* key) {
    const auto* value = answer.find(key);
    if (value == nullptr)
        return std::nullopt;
    const auto product = value->stringOr("product", value->stringOr("name"));
    const auto version = value->stringOr("version");
    if (product.empty() && version.empty())
        return std::nullopt;
    return core::printable(product + (product.empty() || version.empty() ? "" : " ") + version);
}

std::vector<std::string> warningsIn(const Object& answer) {
    std::vector<std::string> out;
    for (const auto& one : listIn(answer, "warnings"))
        if (const auto* text = one.string(); text != nullptr && out.size() < kMostWarnings)
            out.push_back(core::printable(*text));
    return out;
}

void fillFromProbe(const Object& answer, protocol::PluginTestResult& result) {
    result.server = productIn(answer, "server");
    for (const auto& tool : listIn(answer, "tools"))
        result.tools.push_back({core::printable(tool.stringOr("name")),
                                core::printable(tool.stringOr("version")),
                                core::printable(tool.stringOr("path"))});
    for (const auto& item : listIn(answer, "items")) {
        const auto bytes = item.integerOr("bytes", -1);
        result.items.push_back({item.stringOr("name"), item.stringOr("kind", "stream"),
                                bytes < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(bytes))});
    }
    result.ready = !result.items.empty();
    for (const auto& problem : listIn(answer, "problems")) {
        protocol::PluginProblem one;
        one.message = core::printable(problem.stringOr("message"));
        if (auto statement = problem.stringOr("statement"); !statement.empty())
            one.statement = std::move(statement);
        if (auto item = problem.stringOr("item"); !item.empty())
            one.item = std::move(item);
        one.warning = problem.booleanOr("warning");
        result.ready = result.ready && one.warning;
        result.problems.push_back(std::move(one));
    }
}

protocol::TaskError pluginFailed(const std::string& message, const std::string& hint) {
    auto error = protocol::task_errors::make(protocol::task_errors::kPluginFailed, message);
    if (!hint.empty())
        error.hint = hint;
    return error;
}

} // namespace agent
