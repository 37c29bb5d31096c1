#pragma once

#include <optional>
#include <string>
#include <vector>

#include "containers.h"
#include "labels.h"
#include "own_container.h"
#include "settings.h"

namespace docker {

/// A container that has the files of an item, and what is done to it while they are read.
struct User {
    Container container;
    Mount mount;
    How how = How::live;
};

/// Something to dump.
struct Item {
    enum class Kind { volume, folder, database, output };
    Kind kind;
    /// Says all: "volume NAME", "folder PATH", "database CONTAINER/NAME", "exec CONTAINER".
    /// "container NAME" is never dumped: it tells a problem.
    std::string name;
    std::string extension;
    /// The volume, the folder's path, or the database.
    std::string target;
    /// Of volumes and folders.
    std::optional<Volume> volume = {};
    std::vector<User> users = {};
    /// Of databases and outputs: where it runs, and what is run: "postgres", or a program.
    std::optional<Container> container = {};
    std::string product = {};
    std::vector<std::string> program = {};
    std::vector<std::string> warnings = {};
    /// Why it cannot be dumped; empty if it can.
    std::string problem = {};
};

/// What the settings and the labels of containers choose, as the engine is now.
struct Plan {
    std::vector<Item> items;
    std::vector<std::string> warnings;

    [[nodiscard]] const Item* find(const std::string& name) const;
};
/// `only`: the item that is wanted; then no server is asked for its databases.
[[nodiscard]] Plan makePlan(const Step& step, const Engine& engine, const Settings& settings,
                            const std::string& only = {});

/// What the names of items begin with.
inline constexpr const char* kVolume = "volume ";
inline constexpr const char* kFolder = "folder ";
inline constexpr const char* kDatabase = "database ";
inline constexpr const char* kOutput = "exec ";

/// Why this cannot be done to the container; empty if it can.
[[nodiscard]] std::string obstacleTo(How how, const Container& container, const OwnContainer& own);

} // namespace docker
