#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace restic::protocol {

/// Where a task stands. `created` waits for its repository's queue, `queued` for its agent, `assigned` was
/// handed out, `unreachable` is running on an agent that has not been heard of for a while.
enum class TaskState { created, queued, assigned, running, unreachable, success, warning, failed, cancelled };

inline constexpr std::array kAllTaskStates{TaskState::created, TaskState::queued,      TaskState::assigned,
                                           TaskState::running, TaskState::unreachable, TaskState::success,
                                           TaskState::warning, TaskState::failed,      TaskState::cancelled};

/// The name on the wire and in the database: "created" … "cancelled".
[[nodiscard]] std::string_view toText(TaskState state) noexcept;
/// nullopt for anything that is no name of a state.
[[nodiscard]] std::optional<TaskState> parseTaskState(std::string_view text) noexcept;

/// success, warning, failed, cancelled: written once and never left.
[[nodiscard]] bool isTerminal(TaskState state) noexcept;
/// assigned, running, unreachable: an agent holds the task, and its attempt fences every write.
[[nodiscard]] bool isHeldByAgent(TaskState state) noexcept;

/// Whether a task may go from one state to the other. Staying in a state is no transition: a repeated report
/// is progress, not a change.
/// - `assigned` may end at once, because the report "running" can be lost while the result arrives.
/// - `assigned`, `running` and `unreachable` may go back to `queued`: the next attempt of the same task.
[[nodiscard]] bool canTransition(TaskState from, TaskState to) noexcept;

/// What an agent may report: running, success, warning, failed, cancelled.
[[nodiscard]] bool mayReport(TaskState state) noexcept;

} // namespace restic::protocol
