#include "lights/light.h"

#include <array>

namespace restic {

using core::wire::object;
using core::wire::tolerant;

const core::wire::Type& wireType(const Evidence*) {
    static const auto type = object<Evidence>("Evidence", tolerant, "What proves a light")
                                 .field("kind", &Evidence::kind,
                                        {.doc = "Where to look: a run, a task, a snapshot, or a look at a "
                                                "target without an agent",
                                         .oneOf = {"run", "task", "snapshot", "probe"}})
                                 .field("id", &Evidence::id)
                                 .build();
    return type;
}

const core::wire::Type& wireType(const Light*) {
    static const auto type =
        object<Light>("Light", tolerant, "One of the four answers to how a protected thing is")
            .field("state", &Light::state,
                   {.doc = "unknown: nothing has shown it yet; none: it is not asked of this one",
                    .oneOf = {"ok", "warning", "bad", "unknown", "none"}})
            .field("reason", &Light::reason, {.doc = "The name of why it is not ok"})
            .field("message", &Light::message, {.doc = "The same for people"})
            .field("at", &Light::at, {.doc = "When it was last good"})
            .field("evidence", &Light::evidence)
            .build();
    return type;
}

const core::wire::Type& wireType(const Lights*) {
    static const auto type =
        object<Lights>("Lights", tolerant, "The four lights of one protected thing")
            .field("backup", &Lights::backup, {.doc = "Whether the newest snapshot is young and whole"})
            .field("retention", &Lights::retention,
                   {.doc = "Whether what is no longer kept is removed in time"})
            .field("check", &Lights::check,
                   {.doc = "Whether the repository was looked at for damage in time"})
            .field("restore_test", &Lights::restoreTest,
                   {.doc = "Whether what was saved has been tried in time"})
            .build();
    return type;
}

Light lightOf(std::string state, std::string_view reason, std::string message) {
    return {std::move(state), std::string(reason), std::move(message), {}, {}};
}

namespace {
int weight(const Light& light, bool isBackup) {
    return light.state == "bad"                   ? 3
           : light.state == "warning"             ? 2
           : light.state == "unknown" && isBackup ? 1
                                                  : 0;
}
} // namespace

const Light& worst(const Lights& lights) {
    if (lights.check.state == "bad")
        return lights.check;
    const Light* found = &lights.backup;
    for (const auto* light : {&lights.retention, &lights.check, &lights.restoreTest})
        if (weight(*light, false) > weight(*found, found == &lights.backup))
            found = light;
    return *found;
}

} // namespace restic
