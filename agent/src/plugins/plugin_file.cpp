#include "plugins/plugin_file.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "agent/dump_plugin.h"
#include "core/file_owner.h"
#include "core/text.h"
#include "restic/protocol/plugin_settings.h"

namespace agent {
namespace {
constexpr std::uintmax_t kMaxManifest = 1U << 20U;
constexpr std::size_t kMaxName = 64;

[[noreturn]] void refuse(const std::string& why) {
    throw core::Error(errors::kPlugin, why);
}

bool isName(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void checkOwner(const std::filesystem::path& path, core::FileKind kind) {
    if (const auto problem = core::ownerProblem(path, kind))
        refuse(path.filename().string() + " " + *problem);
}

core::json::Value readManifest(const std::filesystem::path& file) {
    std::error_code code;
    if (std::filesystem::file_size(file, code) > kMaxManifest || code)
        refuse(file.filename().string() + " cannot be read or is larger than 1 MiB");
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    auto document = core::json::parse(text.str());
    if (!document || document.value().object() == nullptr)
        refuse(file.filename().string() + " is no JSON object" +
               (document ? std::string() : std::string(": ") + document.error().what()));
    return std::move(document).value();
}

/// Where a schema goes, the order of its members may be lost: forms show them as the manifest has them.
void keepOrder(core::json::Object& schema) {
    const auto* properties = schema.find("properties");
    if (schema.find("x-order") != nullptr || properties == nullptr || properties->object() == nullptr)
        return;
    core::json::Array order;
    for (const auto& [name, property] : properties->object()->members())
        order.emplace_back(name);
    schema.set("x-order", std::move(order));
}

PluginFile readPlugin(const std::filesystem::path& file) {
    const auto name = file.stem().string();
    if (!isName(name))
        refuse(file.filename().string() +
               " has no plugin's name: a letter, then letters, digits and _, all small, 64 at most");
    checkOwner(file, core::FileKind::file);
    const auto manifest = readManifest(file);
    PluginFile plugin;
    plugin.name = manifest.stringOr("name");
    if (plugin.name != name)
        refuse(file.filename().string() + " names the plugin \"" + core::printable(plugin.name) + "\"");
    if (manifest.integerOr("abi") != AGENT_PLUGIN_ABI)
        refuse(file.filename().string() + " is made for plugin ABI " +
               std::to_string(manifest.integerOr("abi")) + ", this agent has " +
               std::to_string(AGENT_PLUGIN_ABI));
    plugin.version = manifest.stringOr("version");
    plugin.summary = core::printable(manifest.stringOr("summary"));
    if (plugin.version.empty())
        refuse(file.filename().string() + " has no version");
    const auto* schema = manifest.find("settings");
    if (schema == nullptr || schema->object() == nullptr)
        refuse(file.filename().string() + " has no \"settings\": the JSON schema of the plugin's settings");
    plugin.settingsSchema = *schema->object();
    keepOrder(plugin.settingsSchema);
    if (const auto problem = restic::protocol::problemOfSchema(plugin.settingsSchema))
        refuse(file.filename().string() + ": its settings are no JSON schema: " + *problem);
    if (const auto* capabilities = manifest.find("capabilities");
        capabilities != nullptr && capabilities->array() != nullptr)
        for (const auto& capability : *capabilities->array())
            if (const auto* text = capability.string())
                plugin.capabilities.push_back(*text);
    plugin.library = file.parent_path() / (name + ".so");
    checkOwner(plugin.library, core::FileKind::file);
    return plugin;
}
} // namespace

bool PluginFile::can(std::string_view capability) const {
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
}

const PluginFile* InstalledPlugins::find(std::string_view name) const {
    const auto found = std::find_if(plugins.begin(), plugins.end(),
                                    [&](const PluginFile& plugin) { return plugin.name == name; });
    return found == plugins.end() ? nullptr : &*found;
}

std::string InstalledPlugins::whyNot(std::string_view name) const {
    for (const auto& one : refused)
        if (one.name == name)
            return "The plugin " + one.name + " is installed and was refused: " + one.why;
    return "The plugin " + core::printable(std::string(name)) + " is not installed on this machine";
}

InstalledPlugins readPlugins(const std::filesystem::path& folder) {
    InstalledPlugins out;
    std::error_code code;
    std::vector<std::filesystem::path> manifests;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code))
        if (entry.path().extension() == ".json")
            manifests.push_back(entry.path());
    std::sort(manifests.begin(), manifests.end());
    for (const auto& file : manifests) {
        try {
            checkOwner(folder, core::FileKind::folder);
            out.plugins.push_back(readPlugin(file));
        } catch (const core::Error& error) {
            out.refused.push_back({core::printable(file.stem().string()), error.what()});
        }
    }
    return out;
}

std::filesystem::path ownProgram() {
    // Asked once: after an upgrade under a running agent the kernel names the file that was put aside, and
    // the new program is where the old one was.
    static const std::filesystem::path path = [] {
        constexpr std::string_view kReplaced = " (deleted)";
        std::error_code code;
        auto text = std::filesystem::read_symlink("/proc/self/exe", code).string();
        if (text.ends_with(kReplaced))
            text.resize(text.size() - kReplaced.size());
        return text;
    }();
    return path;
}

std::filesystem::path defaultPluginFolder() {
    return ownProgram().parent_path().parent_path() / "lib" / "restic-agent" / "plugins";
}

} // namespace agent
