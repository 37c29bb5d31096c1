#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "policies/retention_confirmation.h"
#include "restic/protocol/result_items.h"
#include "tasks/kinds/kind.h"
#include "tasks/task_store.h"

/// What people's API takes and answers of tasks and their logs: declared here once.
namespace restic {

struct TaskInput : Confirmation {
    std::string type;
    /// Absent: whoever can work on the repository.
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> repositoryId;
    std::optional<core::Uuid> targetId;
    /// Of the type of the kind.
    std::optional<core::json::Object> parameters;
    std::optional<int> priority;
    std::map<std::string, std::string> metadata;
};

struct RepositoryTestInput {
    /// Which machine is to ask the storage; absent: the one that works on the repository.
    std::optional<core::Uuid> agentId;
};

/// Of a test that nothing saves.
struct UnsavedTestQuery {
    /// The one that would be changed: its place is no other's.
    std::optional<core::Uuid> repositoryId;
};

struct PasswordInput {
    std::string password;
};

struct TaskStarted {
    core::Uuid id;
    std::string status;

    static TaskStarted of(const Task& task);
};

/// What the `error` of a task holds, for its documentation: what an agent reported is passed on as it is.
struct TaskFailure {
    std::string error;
    std::string message;
    std::string hint;
};

/// Another task for which one waits.
struct TaskBefore {
    core::Uuid id;
    std::string type;
    core::Uuid agentId;
};

/// Why a queued task is not handed out.
struct TaskWait {
    std::string code;
    std::string reason;
    std::vector<TaskBefore> tasks;
    std::optional<core::Instant> until;
};

/// How much a result has beside the report: at /tasks/{id}/result.
struct TaskItems {
    std::int64_t count = 0;
    std::int64_t bytes = 0;
    std::int64_t refused = 0;
};

struct TaskView {
    core::Uuid id;
    std::string type;
    std::string status;
    int attempt = 1;
    core::json::Value progress;
    core::Uuid agentId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> targetId;
    std::optional<core::Uuid> repositoryId;
    int priority = 0;
    core::json::Value parameters;
    core::json::Value metadata;
    core::json::Value result;
    std::optional<TaskItems> resultItems;
    core::json::Value error;
    bool cancelRequested = false;
    std::optional<core::Uuid> retryOf;
    std::optional<core::Instant> scheduledAt;
    core::Instant createdAt;
    std::optional<core::Instant> startedAt;
    std::optional<core::Instant> completedAt;
    /// In answers about one task.
    std::optional<TaskWait> waiting;
    static TaskView of(const Task& task);
};

struct TaskQuery : core::http::PageQuery {
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> status;
    std::optional<std::string> type;
};

/// How an agent asks for work.
struct PollQuery {
    int wait = 0; ///< seconds
    int free = 1; ///< places
};

/// One item of a result, or what is wrong with what the agent sent as such.
struct ResultItemView {
    std::int64_t item = 0;
    core::json::Value value;
    std::vector<protocol::ItemProblem> problems;
};

struct LogQuery {
    std::int64_t after = 0;
    int limit = 500;
};

struct LogLineView {
    std::int64_t seq = 0;
    int attempt = 1;
    core::Instant timestamp;
    std::string level;
    std::string message;
};

struct LogPage {
    std::vector<LogLineView> items;
    std::optional<std::int64_t> next;
};

const core::wire::Type& wireType(const TaskInput*);
const core::wire::Type& wireType(const RepositoryTestInput*);
const core::wire::Type& wireType(const UnsavedTestQuery*);
const core::wire::Type& wireType(const PasswordInput*);
const core::wire::Type& wireType(const TaskStarted*);
const core::wire::Type& wireType(const TaskFailure*);
const core::wire::Type& wireType(const TaskBefore*);
const core::wire::Type& wireType(const TaskWait*);
const core::wire::Type& wireType(const TaskItems*);
const core::wire::Type& wireType(const TaskView*);
const core::wire::Type& wireType(const TaskQuery*);
const core::wire::Type& wireType(const PollQuery*);
const core::wire::Type& wireType(const ResultItemView*);
const core::wire::Type& wireType(const LogQuery*);
const core::wire::Type& wireType(const LogLineView*);
const core::wire::Type& wireType(const LogPage*);

} // namespace restic
