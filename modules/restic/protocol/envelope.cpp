#include "restic/protocol/envelope.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;

const core::wire::Type& wireType(const Envelope*) {
    static const auto type =
        object<Envelope>("Envelope", tolerant, "One message of the agent protocol")
            .field("id", &Envelope::id,
                   {.doc = "Unique among the messages of its sender", .minLength = 1, .maxLength = 128})
            .field("type", &Envelope::type,
                   {.doc = "request, response or event", .minLength = 1, .maxLength = 32})
            .field("action", &Envelope::action,
                   {.doc = "A task's kind, or cancel", .minLength = 1, .maxLength = 64})
            .field("payload", &Envelope::payload, {.optional = true})
            .build();
    return type;
}

const core::wire::Type& wireType(const TaskPoll*) {
    static const auto type =
        object<TaskPoll>("TaskPoll", tolerant, "What waits for the agent; empty after the wait")
            .field("items", &TaskPoll::items)
            .build();
    return type;
}

} // namespace restic::protocol
