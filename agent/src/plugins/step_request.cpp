#include "plugins/step_request.h"

namespace agent {

const core::wire::Type& wireType(const StepRequest*) {
    static const auto type = core::wire::object<StepRequest>("StepRequest", core::wire::strict)
                                 .field("library", &StepRequest::library)
                                 .field("name", &StepRequest::name)
                                 .field("version", &StepRequest::version)
                                 .field("step", &StepRequest::step)
                                 .field("settings", &StepRequest::settings)
                                 .field("item", &StepRequest::item)
                                 .field("options", &StepRequest::options)
                                 .field("outcome", &StepRequest::outcome)
                                 .field("work_folder", &StepRequest::workFolder)
                                 .field("state_folder", &StepRequest::stateFolder)
                                 .field("folder", &StepRequest::folder)
                                 .field("stream", &StepRequest::stream)
                                 .field("messages", &StepRequest::messages)
                                 .field("agent_pid", &StepRequest::agentPid)
                                 .field("agent_ticks", &StepRequest::agentTicks)
                                 .field("environment", &StepRequest::environment)
                                 .field("memory_limit", &StepRequest::memoryLimit)
                                 .build();
    return type;
}

} // namespace agent
