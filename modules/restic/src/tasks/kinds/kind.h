#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/service.h"
#include "core/time.h"
#include "core/wire.h"
#include "policies/policy_store.h"
#include "restic/protocol/task_kinds.h"
#include "restic/protocol/task_messages.h"
#include "tasks/result_store.h"
#include "tasks/task_request.h"
#include "tasks/task_settings.h"
#include "tasks/task_store.h"

namespace restic {

/// How an attempt ended, before and after its kind had a look at it.
struct TaskEnd {
    protocol::TaskState state = protocol::TaskState::failed;
    /// For people; absent where all is well.
    std::optional<std::string> message;
    /// The error's name, of a task that failed.
    std::optional<std::string> error;
    /// As the agent reported it, valid for the kind's type; null where there is none.
    core::json::Value result;
};

/// What the host does for one kind of task: everything that the life of tasks does not know. Stateless but
/// for what it was made with; thread-safe.
class KindOfTask {
public:
    explicit KindOfTask(const protocol::TaskKind& declaration) : declaration_(declaration) {}
    virtual ~KindOfTask() = default;
    KindOfTask(const KindOfTask&) = delete;
    KindOfTask& operator=(const KindOfTask&) = delete;

    [[nodiscard]] const protocol::TaskKind& declaration() const noexcept { return declaration_; }
    /// The type of what people give with a request.
    [[nodiscard]] virtual const core::wire::Type& parameters() const = 0;
    /// What is wrong with such parameters; empty if nothing.
    [[nodiscard]] virtual std::vector<core::Problem>
    problemsOf(const core::json::Value& parameters) const = 0;
    /// What is wrong with a result.
    [[nodiscard]] virtual std::vector<core::Problem>
    problemsOfResult(const core::json::Value& result) const = 0;

    /// What is wrong with an item of a result; only of kinds that declare items.
    [[nodiscard]] virtual std::vector<core::Problem> problemsOfItem(const core::json::Value& /*item*/) const {
        return {{"", "is of a kind without items"}};
    }
    /// Takes out of a result what agents of earlier versions put there in place of items.
    [[nodiscard]] virtual core::json::Array takeItems(core::json::Object& /*result*/) const { return {}; }

    /// Refuses what could never be carried out. Throws core::Error.
    virtual void check(const Task& /*task*/, const std::optional<Policy>& /*policy*/) const {}
    /// What the agent gets: what all kinds have in common, and the kind's own fields. Or why the task fails
    /// before it begins.
    virtual std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const = 0;

    /// Whether a task of the same policy and agent that waits does what is asked for. One that does not gives
    /// way, but of kinds that remove: of each machine's snapshots by a task of their own.
    [[nodiscard]] virtual bool doesTheSame(const Task& waiting, const Task& asked) const {
        return !declaration_.removes || waiting.target == asked.target;
    }
    /// The task was made, its agent has begun, it will be tried again: each in the unit of work that does it.
    /// Whether the task does what the target of its policy is watched for.
    [[nodiscard]] virtual bool isOfTarget(const Task& /*task*/) const { return true; }
    virtual void made(core::db::Transaction& /*tx*/, const Task& /*task*/) const {}
    virtual void began(core::db::Transaction& /*tx*/, const Task& /*task*/, core::Instant /*now*/) const {}
    virtual void willBeTriedAgain(core::db::Transaction& /*tx*/, const Task& /*task*/,
                                  core::Instant /*now*/) const {}
    /// Valid items of the attempt that holds the task, a part of them, in the unit of work that stores them.
    virtual void received(core::db::Transaction& /*tx*/, const Task& /*task*/,
                          const std::vector<core::json::Value>& /*items*/, core::Instant /*now*/) const {}
    /// Adds to items what a page needs beside them.
    virtual void show(core::db::Transaction& /*tx*/, const Task& /*task*/,
                      std::vector<ResultStore::Item>& /*items*/) const {}
    /// All items that the report names have been received: nothing of the result is missing.
    virtual void receivedAll(core::db::Transaction& /*tx*/, const Task& /*task*/,
                             const core::json::Value& /*result*/, const HeldItems& /*held*/,
                             core::Instant /*now*/) const {}
    /// A report of any attempt, whatever becomes of it: what it says of the repository must be known.
    virtual void reported(core::db::Transaction& /*tx*/, const Task& /*task*/,
                          const core::json::Value& /*result*/, core::Instant /*now*/) const {}
    /// May make a warning of a success, with its reason.
    virtual void judge(core::db::Transaction& /*tx*/, const Task& /*task*/, TaskEnd& /*end*/,
                       core::Instant /*now*/) const {}
    /// The one end of the task: what it does to rows.
    virtual void ended(core::db::Transaction& /*tx*/, const Task& /*task*/, const TaskEnd& /*end*/,
                       core::Instant /*now*/) const {}
    /// What is to be done after the task, which ended well; made in the unit of work that ends it.
    [[nodiscard]] virtual std::optional<TaskRequest> next(const Task& /*ended*/) const {
        return std::nullopt;
    }
    /// Why an ended task cannot be started again as it was; nothing if it can.
    [[nodiscard]] virtual std::optional<std::string> whyNotAgain(const Task& /*ended*/) const {
        return std::nullopt;
    }
    /// Whether this result of a task that succeeded proves that there is a repository.
    [[nodiscard]] virtual bool provesRepository(const core::json::Value& /*result*/) const { return true; }
    /// The snapshot that an end names, for events; "" for none.
    [[nodiscard]] virtual std::string snapshotOf(const core::json::Value& /*result*/) const { return {}; }

private:
    const protocol::TaskKind& declaration_;
};

/// The part that the types of a kind determine.
template <typename Parameters, typename Result>
class TypedKind : public KindOfTask {
public:
    using KindOfTask::KindOfTask;
    [[nodiscard]] const core::wire::Type& parameters() const override {
        return core::wire::typeOf<Parameters>();
    }
    [[nodiscard]] std::vector<core::Problem> problemsOf(const core::json::Value& value) const override {
        const auto read = core::wire::read<Parameters>(value);
        return read ? std::vector<core::Problem>() : read.error().details();
    }
    [[nodiscard]] std::vector<core::Problem> problemsOfResult(const core::json::Value& value) const override {
        const auto read = core::wire::read<Result>(value);
        return read ? std::vector<core::Problem>() : read.error().details();
    }

protected:
    /// The payload of a kind's type: the common part and the rest of `own`.
    template <typename Own>
    static core::json::Object written(protocol::TaskPayload common, Own own) {
        static_cast<protocol::TaskPayload&>(own) = std::move(common);
        return *core::wire::toJson(own).object();
    }
    /// Nothing of the kind where there is no result.
    static Result resultOf(const core::json::Value& value) {
        return value.isNull() ? Result() : core::wire::read<Result>(value).value();
    }
};

/// Every kind of task that there is: the list that restic.so is made with.
[[nodiscard]] std::vector<std::unique_ptr<KindOfTask>>
kindsOfTasks(core::event::Bus& events, const core::ServiceHandle<base::SecretVault>& vault,
             const TaskSettings& settings = {});

/// The kinds of tasks that a host knows. Thread-safe.
class Kinds {
public:
    explicit Kinds(std::vector<std::unique_ptr<KindOfTask>> all);

    /// Of a row: one that this version does not know fails its tasks and nothing else.
    [[nodiscard]] const KindOfTask& get(std::string_view name) const noexcept;
    /// Null for a name that is none.
    [[nodiscard]] const KindOfTask* find(std::string_view name) const noexcept;

private:
    std::vector<std::unique_ptr<KindOfTask>> all_;
    std::unique_ptr<KindOfTask> unknown_;
};

/// Parameters that somebody gives for a task of that kind. Throws core::Error(kValidation), with pointers
/// below /parameters.
core::json::Value checkedParameters(const Kinds& kinds, std::string_view kind, core::json::Object given);

} // namespace restic
