#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/time.h"
#include "restic/protocol/task_messages.h"
#include "tasks/kinds/kind.h"
#include "tasks/task_settings.h"
#include "tasks/task_store.h"

namespace restic {

/// How attempts and tasks end: what is tried again and when, who is woken by it, what is told. All of it
/// inside the caller's unit of work. Thread-safe.
class TaskEnds {
public:
    /// All of them must outlive it.
    TaskEnds(const core::Clock& clock, core::event::Bus& events, const Kinds& kinds,
             const TaskSettings& settings)
        : clock_(clock), events_(events), kinds_(kinds), settings_(settings) {}

    /// Called with an agent that has something to do. Only before it is used.
    void setWake(std::function<void(const core::Uuid& agent)> wake) { wake_ = std::move(wake); }
    void wake(const core::Uuid& agent) const {
        if (wake_)
            wake_(agent);
    }
    void wakeAfterCommit(core::db::Transaction& tx, const core::Uuid& agent) const;

    /// The attempt ended like that: the task ends with it, or waits for its next attempt.
    void end(core::db::Transaction& tx, const Task& task, protocol::TaskState state,
             const protocol::TaskStatusReport& report) const;
    /// The same for what no agent reports.
    void fail(core::db::Transaction& tx, const Task& task, const protocol::TaskError& error) const;
    void cancelWaiting(core::db::Transaction& tx, const Task& task, const std::string& why) const;
    /// Its agent does not have it (any more): it is given out again, unless it was too often.
    void giveBack(core::db::Transaction& tx, const Task& task, const protocol::TaskError& why) const;

private:
    /// How long a failed attempt waits for the next one; nullopt: there is none.
    [[nodiscard]] std::optional<core::milliseconds> backoffAfter(const Task& task,
                                                                 const protocol::TaskError& error) const;
    /// The next attempt of the task begins without anything of this one's result.
    bool requeue(core::db::Transaction& tx, const Task& task, std::optional<core::Instant> notBefore,
                 const core::json::Value& error, core::Instant now) const;
    /// The task has let go of its repository: whoever waited for it may go on. `worked`: there is a
    /// repository.
    void passOn(core::db::Transaction& tx, const Task& task, bool worked, core::Instant now) const;

    const core::Clock& clock_;
    core::event::Bus& events_;
    const Kinds& kinds_;
    const TaskSettings& settings_;
    std::function<void(const core::Uuid&)> wake_;
};

} // namespace restic
