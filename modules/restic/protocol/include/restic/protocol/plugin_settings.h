#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"

/// The settings of a dump plugin and the JSON schema that its manifest declares for them. Agent, command line
/// and host judge settings by these functions alone.
namespace restic::protocol {

/// The name of the settings that a plugin has where nobody names others.
inline constexpr const char* kDefaultSettings = "default";

/// Why further settings cannot have this name, to be said of the field; nullopt if they can: letters, digits,
/// "_", "-" and ".", which is not the first, 64 at most. It stands in tags of snapshots, and on command
/// lines.
[[nodiscard]] std::optional<std::string> problemOfSetName(std::string_view name);

/// Why this is no schema that can be used; nullopt if it is one: an object's, as JSON Schema (draft 7) has
/// it, with the properties beside each other.
[[nodiscard]] std::optional<std::string> problemOfSchema(const core::json::Object& schema);

/// What is wrong with settings, each with the pointer of its field; unknown fields are. Texts never hold a
/// value. `partial`: what is missing is no problem, and patterns are not tried: for whoever did not choose
/// the schema. The agent, whose plugin it is, judges the whole.
[[nodiscard]] std::vector<core::Problem> problemsOfSettings(const core::json::Object& schema,
                                                            const core::json::Object& settings,
                                                            bool partial = false);

/// Properties that are secrets: "writeOnly": true.
[[nodiscard]] std::set<std::string> secretsOf(const core::json::Object& schema);
/// Properties that a policy may set over the agent's own: "x-policy": true.
[[nodiscard]] std::set<std::string> policyFieldsOf(const core::json::Object& schema);
/// Properties that are changed on the machine only, since they name its files or programs: "x-machine": true.
[[nodiscard]] std::set<std::string> machineFieldsOf(const core::json::Object& schema);
/// Properties that say where secrets are sent: "x-destination": true. With another value of one of them the
/// secrets must be given again.
[[nodiscard]] std::set<std::string> destinationFieldsOf(const core::json::Object& schema);

/// The settings without the values of secrets, and the names of those that are set.
struct MaskedSettings {
    core::json::Object values;
    std::vector<std::string> secrets;
};
[[nodiscard]] MaskedSettings maskSettings(const core::json::Object& schema,
                                          const core::json::Object& settings);

/// Settings as they are used: the schema's defaults below them.
[[nodiscard]] core::json::Object withDefaults(const core::json::Object& schema, core::json::Object settings);

} // namespace restic::protocol
