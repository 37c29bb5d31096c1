#include "tasks/task_views.h"

#include "field_rules.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_kinds.h"
#include "restic/protocol/task_state.h"
#include "tasks/kinds/backup.h"
#include "tasks/kinds/looks.h"
#include "tasks/kinds/one_snapshot.h"
#include "tasks/kinds/plugins.h"
#include "tasks/kinds/restore.h"
#include "tasks/kinds/verify.h"
#include "tasks/task_wait.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
std::vector<std::string> taskErrors() {
    std::vector<std::string> names;
    for (const auto* kind : protocol::task_errors::kAll)
        names.emplace_back(kind->name);
    return names;
}

std::vector<std::string> kindNames() {
    std::vector<std::string> names;
    for (const auto* kind : protocol::allKinds())
        if (kind->askedFor)
            names.emplace_back(kind->name);
    return names;
}

std::string kindsInWords() {
    std::string text;
    for (const auto* kind : protocol::allKinds())
        if (kind->askedFor)
            text += (text.empty() ? "" : "; ") + std::string(kind->name) + ": " + std::string(kind->summary);
    return text;
}

/// Items as agents send them, and as people get them.
std::vector<const Type& (*)()> shownItemTypes() {
    auto all = itemTypes();
    all.push_back(&core::wire::typeOf<FoundView>);
    return all;
}

/// Parameters and results of the kinds, each once.
std::vector<const Type& (*)()> parameterTypes() {
    return {&core::wire::typeOf<BackupParameters>, &core::wire::typeOf<protocol::CheckParameters>,
            &core::wire::typeOf<protocol::ForgetParameters>, &core::wire::typeOf<protocol::StatsParameters>,
            &core::wire::typeOf<protocol::NoParameters>};
}
/// And of those that routes of their own make.
std::vector<const Type& (*)()> allParameterTypes() {
    auto all = parameterTypes();
    all.insert(all.end(), {&core::wire::typeOf<PluginParameters>, &core::wire::typeOf<DumpParameters>,
                           &core::wire::typeOf<RestoreRequest>, &core::wire::typeOf<VerifyRequest>,
                           &core::wire::typeOf<TagRequest>, &core::wire::typeOf<ForgetSnapshotRequest>,
                           &core::wire::typeOf<LsRequest>, &core::wire::typeOf<FindRequest>,
                           &core::wire::typeOf<DiffRequest>});
    return all;
}
} // namespace

const Type& wireType(const TaskInput*) {
    static const auto type =
        object<TaskInput>("TaskInput", strict)
            .field("type", &TaskInput::type, {.doc = kindsInWords(), .oneOf = kindNames()})
            .field("agent_id", &TaskInput::agentId,
                   {.doc = "Left out: the machine whose disk the repository is on, or the first "
                           "one online that backs up to it"})
            .field("policy_id", &TaskInput::policyId,
                   {.doc = "Of a backup: one that is linked to the agent, since its snapshots belong to what "
                           "the link protects"})
            .field("repository_id", &TaskInput::repositoryId)
            .field("target_id", &TaskInput::targetId)
            .field("parameters", &TaskInput::parameters,
                   {.doc = "Of the kind's type", .shapes = parameterTypes()})
            .field("priority", &TaskInput::priority, {.min = 0, .max = 10})
            .field("metadata", &TaskInput::metadata, {.optional = true, .maxItems = 50})
            .include<Confirmation>()
            .build();
    return type;
}

const Type& wireType(const RepositoryTestInput*) {
    static const auto type =
        object<RepositoryTestInput>("RepositoryTestInput", strict)
            .field("agent_id", &RepositoryTestInput::agentId,
                   {.doc = "Which machine asks the storage; left out, the one that works on the repository"})
            .build();
    return type;
}

const Type& wireType(const UnsavedTestQuery*) {
    static const auto type =
        object<UnsavedTestQuery>("UnsavedTestQuery", strict)
            .field("repository_id", &UnsavedTestQuery::repositoryId,
                   {.doc = "The repository that is to be changed so: it may be at that place already"})
            .build();
    return type;
}

const Type& wireType(const PasswordInput*) {
    static const auto type = object<PasswordInput>("RepositoryPasswordInput", strict)
                                 .field("password", &PasswordInput::password,
                                        {.doc = "What is to open the repository instead; never read back",
                                         .secret = true,
                                         .minLength = 1,
                                         .maxLength = 4096})
                                 .build();
    return type;
}

TaskStarted TaskStarted::of(const Task& task) {
    return {task.id, std::string(protocol::toText(task.status))};
}

const Type& wireType(const TaskStarted*) {
    static const auto type = object<TaskStarted>("TaskStarted", tolerant)
                                 .field("id", &TaskStarted::id)
                                 .field("status", &TaskStarted::status, {.oneOf = taskStates()})
                                 .build();
    return type;
}

const Type& wireType(const TaskFailure*) {
    static const auto type =
        object<TaskFailure>("TaskFailure", tolerant, "Why a task failed")
            .field("error", &TaskFailure::error,
                   {.doc = "An agent of a later version may have further ones", .oneOf = taskErrors()})
            .field("message", &TaskFailure::message)
            .field("hint", &TaskFailure::hint)
            .build();
    return type;
}

const Type& wireType(const TaskBefore*) {
    static const auto type = object<TaskBefore>("TaskBefore", tolerant)
                                 .field("id", &TaskBefore::id)
                                 .field("type", &TaskBefore::type)
                                 .field("agent_id", &TaskBefore::agentId)
                                 .build();
    return type;
}

const Type& wireType(const TaskWait*) {
    static const auto type = object<TaskWait>("TaskWait", tolerant, "Why a queued task is not handed out")
                                 .field("code", &TaskWait::code, {.oneOf = waitCodes()})
                                 .field("reason", &TaskWait::reason)
                                 .field("tasks", &TaskWait::tasks, {.doc = "For whom it waits"})
                                 .field("until", &TaskWait::until,
                                        {.doc = "When it is over, where that is known", .omitEmpty = true})
                                 .build();
    return type;
}

const Type& wireType(const TaskItems*) {
    static const auto type =
        object<TaskItems>("TaskItems", tolerant, "How much a result has beside the report")
            .field("count", &TaskItems::count)
            .field("bytes", &TaskItems::bytes)
            .field("refused", &TaskItems::refused, {.doc = "So many of them are not of their type"})
            .build();
    return type;
}

const Type& wireType(const ResultItemView*) {
    static const auto type = object<ResultItemView>("TaskResultItem", tolerant, "One item of a result")
                                 .field("item", &ResultItemView::item, {.doc = "Its number, from 1"})
                                 .field("value", &ResultItemView::value,
                                        {.doc = "Null where the agent sent something that is not of the type",
                                         .shapes = shownItemTypes()})
                                 .field("problems", &ResultItemView::problems,
                                        {.doc = "What is wrong with it; empty where nothing is"})
                                 .build();
    return type;
}

const Type& wireType(const TaskView*) {
    static const auto type =
        object<TaskView>("Task", tolerant)
            .field("id", &TaskView::id)
            .field("type", &TaskView::type)
            .field("status", &TaskView::status, {.oneOf = taskStates()})
            .field("attempt", &TaskView::attempt)
            .field("progress", &TaskView::progress, {.shape = &core::wire::typeOf<protocol::Progress>})
            .field("agent_id", &TaskView::agentId)
            .field("policy_id", &TaskView::policyId)
            .field("target_id", &TaskView::targetId)
            .field("repository_id", &TaskView::repositoryId)
            .field("priority", &TaskView::priority)
            .field("parameters", &TaskView::parameters, {.shapes = allParameterTypes()})
            .field("metadata", &TaskView::metadata)
            .field("result", &TaskView::result, {.shapes = resultTypes()})
            .field("result_items", &TaskView::resultItems,
                   {.doc = "Of an ended task of a kind whose result has items: they are at "
                           "/tasks/{id}/result, as long as log lines are kept"})
            .field("error", &TaskView::error, {.shape = &core::wire::typeOf<TaskFailure>})
            .field("cancel_requested", &TaskView::cancelRequested)
            .field("retry_of", &TaskView::retryOf)
            .field("scheduled_at", &TaskView::scheduledAt)
            .field("created_at", &TaskView::createdAt)
            .field("started_at", &TaskView::startedAt)
            .field("completed_at", &TaskView::completedAt)
            .field("waiting", &TaskView::waiting,
                   {.doc = "Why it is not handed out yet; in answers about one task", .omitEmpty = true})
            .build();
    return type;
}

TaskView TaskView::of(const Task& t) {
    std::optional<TaskItems> items;
    if (t.itemsCount)
        items = TaskItems{*t.itemsCount, t.itemsBytes.value_or(0), t.itemsRefused.value_or(0)};
    return {t.id,
            t.type,
            std::string(protocol::toText(t.status)),
            t.attempt,
            t.progress,
            t.agent,
            t.policy,
            t.target,
            t.repository,
            t.priority,
            t.parameters,
            t.metadata,
            t.result,
            items,
            t.error,
            t.cancelRequestedAt.has_value(),
            t.retryOf,
            t.slot,
            t.createdAt,
            t.startedAt,
            t.completedAt,
            std::nullopt};
}

const Type& wireType(const TaskQuery*) {
    static const auto type = object<TaskQuery>("TaskQuery", strict)
                                 .include<core::http::PageQuery>()
                                 .field("agent_id", &TaskQuery::agentId)
                                 .field("policy_id", &TaskQuery::policyId)
                                 .field("repository_id", &TaskQuery::repositoryId)
                                 .field("status", &TaskQuery::status, {.oneOf = taskStates()})
                                 .field("type", &TaskQuery::type)
                                 .build();
    return type;
}

const Type& wireType(const PollQuery*) {
    static const auto type =
        object<PollQuery>("PollQuery", tolerant)
            .field("wait", &PollQuery::wait,
                   {.doc = "Seconds to wait for work", .optional = true, .min = 0, .max = 60})
            .field("free", &PollQuery::free,
                   {.doc = "Tasks that the agent has room for; 0 waits for cancellations only",
                    .optional = true,
                    .min = 0,
                    .max = 64})
            .build();
    return type;
}

const Type& wireType(const LogQuery*) {
    static const auto type = object<LogQuery>("LogQuery", strict)
                                 .field("after", &LogQuery::after,
                                        {.doc = "`next` of the page before", .optional = true, .min = 0})
                                 .field("limit", &LogQuery::limit, {.optional = true, .min = 1, .max = 5000})
                                 .build();
    return type;
}

const Type& wireType(const LogLineView*) {
    static const auto type =
        object<LogLineView>("LogLine", tolerant)
            .field("seq", &LogLineView::seq, {.doc = "Number of the line within its attempt"})
            .field("attempt", &LogLineView::attempt)
            .field("timestamp", &LogLineView::timestamp)
            .field("level", &LogLineView::level, {.oneOf = {"debug", "info", "warn", "error"}})
            .field("message", &LogLineView::message)
            .build();
    return type;
}

const Type& wireType(const LogPage*) {
    static const auto type = object<LogPage>("LogPage", tolerant)
                                 .field("items", &LogPage::items)
                                 .field("next", &LogPage::next, {.doc = "Ask again with this after"})
                                 .build();
    return type;
}

} // namespace restic
