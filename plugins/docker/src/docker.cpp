#include "agent/plugin_step.h"
#include "steps.h"

AGENT_PLUGIN_EXTERN const agent_plugin* agent_plugin_v1() {
    using agent::plugin::stepOf;
    static const agent_plugin plugin{sizeof(agent_plugin),
                                     AGENT_PLUGIN_ABI,
                                     AE_PLUGIN_NAME,
                                     AE_PLUGIN_VERSION,
                                     nullptr,
                                     stepOf<docker::probe>,
                                     stepOf<docker::dump>,
                                     nullptr,
                                     stepOf<docker::cleanup>,
                                     stepOf<docker::restore>,
                                     stepOf<docker::verify>};
    return &plugin;
}
