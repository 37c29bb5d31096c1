#include "containers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace docker {
namespace {
using agent::plugin::Json;

std::string text(const Json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag(const Json& from, const char* name, bool otherwise = false) {
    const auto found = from.find(name);
    return found != from.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

Json part(const Json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_object() ? *found : Json::object();
}

std::map<std::string, std::string> texts(const Json& from) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : from.items())
        if (value.is_string())
            out.emplace(name, value.get<std::string>());
    return out;
}

Container read(const Json& document) {
    Container out;
    out.id = text(document, "Id");
    out.name = text(document, "Name");
    if (out.name.starts_with('/'))
        out.name.erase(0, 1);
    out.created = text(document, "Created");
    out.imageId = text(document, "Image");
    const auto state = part(document, "State");
    out.running = flag(state, "Running") || flag(state, "Restarting");
    out.paused = flag(state, "Paused");
    out.startedAt = text(state, "StartedAt");
    out.removedWhenStopped = flag(part(document, "HostConfig"), "AutoRemove");
    const auto config = part(document, "Config");
    out.image = text(config, "Image");
    out.labels = texts(part(config, "Labels"));
    out.ofSwarm = out.labels.contains("com.docker.swarm.task.id");
    if (const auto list = config.find("Env"); list != config.end() && list->is_array())
        for (const auto& one : *list)
            if (const auto pair = one.get<std::string>(); pair.find('=') != std::string::npos)
                out.environment[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
    if (const auto mounts = document.find("Mounts"); mounts != document.end() && mounts->is_array())
        for (const auto& one : *mounts)
            if (const auto type = text(one, "Type"); type == "volume" || type == "bind")
                out.mounts.push_back({type == "volume", text(one, "Name"), text(one, "Source"),
                                      text(one, "Destination"), flag(one, "RW", true)});
    return out;
}

bool isMountPoint(const std::string& folder) {
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string field;
        for (int i = 0; i < 5; ++i)
            fields >> field;
        if (field == folder)
            return true;
    }
    return false;
}
} // namespace

const std::string* Container::label(const std::string& key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
}

std::string Container::variable(const std::string& key) const {
    const auto found = environment.find(key);
    return found == environment.end() ? std::string() : found->second;
}

std::optional<Container> findContainer(const Engine& engine, const std::string& name) {
    const auto document = engine.find("/containers/" + Engine::escaped(name) + "/json");
    return document ? std::optional(read(*document)) : std::nullopt;
}

std::vector<Container> containersOf(const Engine& engine) {
    std::vector<Container> out;
    for (const auto& one : engine.get("/containers/json?all=true"))
        if (auto found = findContainer(engine, text(one, "Id"))) // it may have gone meanwhile
            out.push_back(std::move(*found));
    std::ranges::sort(out, {}, &Container::name);
    return out;
}

bool Volume::visible() const {
    std::error_code code;
    return !mountpoint.empty() && std::filesystem::is_directory(mountpoint, code) &&
           (!mountedOnDemand || isMountPoint(mountpoint));
}

std::optional<Volume> findVolume(const Engine& engine, const std::string& name) {
    const auto document = engine.find("/volumes/" + Engine::escaped(name));
    if (!document)
        return std::nullopt;
    Volume out;
    out.name = name;
    out.driver = text(*document, "Driver");
    out.mountpoint = text(*document, "Mountpoint");
    out.labels = texts(part(*document, "Labels"));
    out.mountedOnDemand = out.driver != "local" || !part(*document, "Options").empty();
    return out;
}

} // namespace docker
