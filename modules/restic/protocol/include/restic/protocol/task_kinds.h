#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "core/wire.h"

/// The kinds of tasks: each is declared here once, for host and agent. What the host does for a kind stands
/// in one file of modules/restic/src/tasks/kinds, what the agent does in one of agent/src/kinds.
namespace restic::protocol {

/// How an operation gets on with others on the same repository, as restic's own locks have it.
enum class LockClass {
    none,      ///< takes no lock and disturbs nobody
    shared,    ///< beside others of this class
    exclusive, ///< alone
};

struct TaskKind {
    /// As on the wire: `type` of a task and `action` of its envelope.
    std::string_view name;
    /// One sentence for documentation and forms.
    std::string_view summary;
    LockClass lock = LockClass::shared;
    /// It saves something: it has a row among the runs, and its target's light depends on it.
    bool makesSnapshot = false;
    /// It works on an empty place; all others need a repository that is there.
    bool makesRepository = false;
    /// It takes away what the repository holds: where agents may only add, one agent alone does it.
    bool removes = false;
    /// It works on a repository; false: on its agent's machine alone.
    bool onRepository = true;
    /// People may ask for it by its name; false: what it needs is made by a route of its own, or by the task
    /// before it.
    bool askedFor = true;
    /// A failure that may pass is tried again later; false: somebody waits for the answer.
    bool triedAgain = true;
    /// Where neither the request nor the policy says.
    std::chrono::seconds timeLimit{};
    /// The type of the payload that the agent gets; it includes TaskPayload.
    const core::wire::Type& (*payload)() = nullptr;
    /// The type of `result`; it includes TaskResult.
    const core::wire::Type& (*result)() = nullptr;
    /// The type of the result's items, which travel beside the report (result_items.h). Null: it has none.
    const core::wire::Type& (*item)() = nullptr;
};

namespace kinds {
extern const TaskKind backup, init, check, forget, previewForget, prune, unlock, locks, stats, snapshots,
    test, addKey, removeKey, pluginTest, pluginSetup, restore, verify, restoreDump, verifyDump, ls, find,
    diff, tag, forgetSnapshot;
} // namespace kinds

/// All of them, in the order in which documentation lists them.
[[nodiscard]] std::span<const TaskKind* const> allKinds() noexcept;

} // namespace restic::protocol
