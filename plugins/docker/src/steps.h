#pragma once

#include "agent/plugin_step.h"

/// The steps of the plugin.
namespace docker {

void probe(agent::plugin::Step& step);
void dump(agent::plugin::Step& step);
void cleanup(agent::plugin::Step& step);
void restore(agent::plugin::Step& step);
void verify(agent::plugin::Step& step);

} // namespace docker
