#pragma once

#include <string>

#include "agent/plugin_step.h"

/// The steps of the plugin.
namespace postgres {

void validate(agent::plugin::Step& step);
void probe(agent::plugin::Step& step);
void dump(agent::plugin::Step& step);
void cleanup(agent::plugin::Step& step);
void restore(agent::plugin::Step& step);
void verify(agent::plugin::Step& step);

/// The "type" of the item that holds roles and tablespaces.
inline constexpr const char* kGlobals = "globals";
[[nodiscard]] inline bool isGlobals(const agent::plugin::Json& item) {
    return item.value("type", std::string()) == kGlobals;
}

/// How many connections work on a dump in a folder at a time.
[[nodiscard]] inline std::string jobsOf(const agent::plugin::Step& step) {
    return "--jobs=" + std::to_string(step.settings().value("jobs", 2));
}

} // namespace postgres
