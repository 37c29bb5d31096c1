#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine.h"

namespace docker {

/// A volume or a folder of the machine that a container has.
struct Mount {
    bool volume = false;
    std::string name; // of a volume
    std::string source;
    std::string destination;
    bool writable = true;
};

/// A container as the engine describes it.
struct Container {
    std::string id;
    std::string name;
    std::string created;
    /// Of which it was made: its name as it was given then, and what that was.
    std::string image;
    std::string imageId;
    bool running = false; // also while it is paused
    bool paused = false;
    std::string startedAt;
    bool removedWhenStopped = false;
    bool ofSwarm = false;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> environment;
    std::vector<Mount> mounts;

    /// nullptr: it has no such label.
    [[nodiscard]] const std::string* label(const std::string& name) const;
    /// Empty: none, or an empty one.
    [[nodiscard]] std::string variable(const std::string& name) const;
};

/// nullopt: it is not there. By id or name.
[[nodiscard]] std::optional<Container> findContainer(const Engine& engine, const std::string& name);
/// All, by name.
[[nodiscard]] std::vector<Container> containersOf(const Engine& engine);

struct Volume {
    std::string name;
    std::string driver;
    std::string mountpoint;
    std::map<std::string, std::string> labels;
    /// The driver mounts it from elsewhere when a container needs it.
    bool mountedOnDemand = false;

    /// Its files are at `mountpoint` of this machine.
    [[nodiscard]] bool visible() const;
};
[[nodiscard]] std::optional<Volume> findVolume(const Engine& engine, const std::string& name);

} // namespace docker
