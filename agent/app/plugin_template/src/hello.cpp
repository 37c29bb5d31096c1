#include "agent/plugin_step.h"

#include <filesystem>

namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
using agent::plugin::stepOf;

void probe(Step& step) {
    const auto file = step.text("file");
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    if (code)
        throw Failure(file + " cannot be read: " + code.message(), "Correct the setting \"file\"");
    step.answer({{"server", {{"label", "files"}, {"product", "file system"}}},
                 {"items", Json::array({{{"name", file}, {"extension", "bin"}, {"bytes", size}}})}});
}

void dump(Step& step) {
    // The item is the one that probe() answered, and what cat writes is the dump.
    const auto end = step.run(
        {.arguments = {"cat", "--", step.item().at("name").get<std::string>()}, .output = step.stream()});
    if (!end.ok)
        throw Failure("cat " + end.describe());
    step.answer({{"tool", {{"name", "cat"}}}});
}

void restore(Step& step) {
    // The name under which it is to stand now.
    const auto file = step.options().at("database").get<std::string>();
    if (std::filesystem::exists(file) && !step.options().value("replace", false))
        throw Failure(file + " exists", "Name another one, or say that it may be replaced");
    const auto end = step.run({.arguments = {"dd", "status=none", "of=" + file}, .input = step.stream()});
    if (!end.ok)
        throw Failure("dd " + end.describe());
}
} // namespace

AGENT_PLUGIN_EXTERN const agent_plugin* agent_plugin_v1() {
    static const agent_plugin plugin{
        sizeof(agent_plugin), AGENT_PLUGIN_ABI, AE_PLUGIN_NAME, AE_PLUGIN_VERSION, nullptr, stepOf<probe>,
        stepOf<dump>,         nullptr,          nullptr,        stepOf<restore>,   nullptr};
    return &plugin;
}
