#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/wire.h"

namespace restic::protocol {

/// The kinds of an envelope.
namespace envelope_type {
inline constexpr std::string_view kRequest = "request";
inline constexpr std::string_view kResponse = "response";
inline constexpr std::string_view kEvent = "event";
} // namespace envelope_type

/// Actions of envelopes that are no kinds of tasks. A task's envelope has its kind's name as action.
namespace action {
/// Payload: CancelPayload.
inline constexpr std::string_view kCancel = "cancel";
} // namespace action

/// One message of the one protocol, over both transports. `id` is unique among the messages of its sender;
/// the receiver may see it twice. Unknown actions of events are ignored, those of requests are refused.
struct Envelope {
    std::string id;
    std::string type;
    std::string action;
    core::json::Object payload;
};

/// server → agent, the answer of `GET /agents/{id}/tasks?wait=30`.
struct TaskPoll {
    std::vector<Envelope> items;
};

const core::wire::Type& wireType(const Envelope*);
const core::wire::Type& wireType(const TaskPoll*);

} // namespace restic::protocol
