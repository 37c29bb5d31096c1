#include "restic/protocol/task_state.h"

#include <initializer_list>

namespace restic::protocol {
namespace {
constexpr unsigned bit(TaskState state) {
    return 1U << static_cast<unsigned>(state);
}

constexpr unsigned bits(std::initializer_list<TaskState> states) {
    unsigned out = 0;
    for (const auto state : states)
        out |= bit(state);
    return out;
}

using enum TaskState;
constexpr unsigned kTerminal = bits({success, warning, failed, cancelled});

constexpr unsigned successors(TaskState from) {
    switch (from) {
    case created:
        return bits({queued, failed, cancelled});
    case queued:
        return bits({assigned, failed, cancelled});
    case assigned:
        return bits({queued, running}) | kTerminal;
    case running:
        return bits({queued, unreachable}) | kTerminal;
    case unreachable:
        return bits({queued, running}) | kTerminal;
    case success:
    case warning:
    case failed:
    case cancelled:
        break;
    }
    return 0;
}
} // namespace

std::string_view toText(TaskState state) noexcept {
    switch (state) {
    case created:
        return "created";
    case queued:
        return "queued";
    case assigned:
        return "assigned";
    case running:
        return "running";
    case unreachable:
        return "unreachable";
    case success:
        return "success";
    case warning:
        return "warning";
    case failed:
        return "failed";
    case cancelled:
        return "cancelled";
    }
    return "unknown";
}

std::optional<TaskState> parseTaskState(std::string_view text) noexcept {
    for (const auto state : kAllTaskStates)
        if (toText(state) == text)
            return state;
    return std::nullopt;
}

bool isTerminal(TaskState state) noexcept {
    return (bit(state) & kTerminal) != 0;
}

bool isHeldByAgent(TaskState state) noexcept {
    return (bit(state) & bits({assigned, running, unreachable})) != 0;
}

bool canTransition(TaskState from, TaskState to) noexcept {
    return (successors(from) & bit(to)) != 0;
}

bool mayReport(TaskState state) noexcept {
    return state == running || isTerminal(state);
}

} // namespace restic::protocol
