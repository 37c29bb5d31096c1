#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "tasks/task_store.h"

/// What people's API takes and answers of tasks and their logs: declared here once.
namespace restic::api {

struct TaskParameters {
    std::vector<std::string> sources;
    std::vector<std::string> exclude;
    std::vector<std::string> tags;
    std::optional<int> limitUploadKib;
};

struct TaskInput {
    std::string type;
    core::Uuid agentId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> repositoryId;
    std::optional<core::Uuid> targetId;
    std::optional<TaskParameters> parameters;
    std::optional<int> priority;
    std::map<std::string, std::string> metadata;
};

struct TaskStarted {
    core::Uuid id;
    std::string status;
};

/// What the `error` of a task holds, for its documentation: what an agent reported is passed on as it is.
struct TaskFailure {
    std::string error;
    std::string message;
    std::string hint;
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
    core::json::Value error;
    bool cancelRequested = false;
    std::optional<core::Uuid> retryOf;
    std::optional<core::Instant> scheduledAt;
    core::Instant createdAt;
    std::optional<core::Instant> startedAt;
    std::optional<core::Instant> completedAt;
    static TaskView of(const Task& task);
};

struct TaskQuery : core::http::PageQuery {
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<std::string> status;
    std::optional<std::string> type;
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

const core::wire::Type& wireType(const TaskParameters*);
const core::wire::Type& wireType(const TaskInput*);
const core::wire::Type& wireType(const TaskStarted*);
const core::wire::Type& wireType(const TaskFailure*);
const core::wire::Type& wireType(const TaskView*);
const core::wire::Type& wireType(const TaskQuery*);
const core::wire::Type& wireType(const LogQuery*);
const core::wire::Type& wireType(const LogLineView*);
const core::wire::Type& wireType(const LogPage*);

} // namespace restic::api
