#include "agent/plugin_step.h"
#include "steps.h"

AGENT_PLUGIN_EXTERN const agent_plugin* agent_plugin_v1() {
    using agent::plugin::stepOf;
    static const agent_plugin plugin{
        sizeof(agent_plugin),       AGENT_PLUGIN_ABI,          AE_PLUGIN_NAME,          AE_PLUGIN_VERSION,
        stepOf<postgres::validate>, stepOf<postgres::probe>,   stepOf<postgres::dump>,  nullptr,
        stepOf<postgres::cleanup>,  stepOf<postgres::restore>, stepOf<postgres::verify>};
    return &plugin;
}
