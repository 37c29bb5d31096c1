#include "tasks/task_uploads.h"

#include "agents/agent_store.h"
#include "errors.h"
#include "tasks/run_store.h"

namespace restic {

using core::Instant;
using core::TenantContext;
using core::Uuid;
using core::db::Transaction;

namespace {
std::int64_t bytesOf(const protocol::LogBatch& batch) {
    std::int64_t bytes = 0;
    for (const auto& line : batch.lines)
        bytes += static_cast<std::int64_t>(line.message.size());
    return bytes;
}
} // namespace

TaskUploads::LogAnswer TaskUploads::appendLogs(const TenantContext& context, const Uuid& agent,
                                               const Uuid& taskId, const protocol::LogBatch& batch) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task || task->agent != agent)
            throw core::Error(errors::kTaskNotFound, "This agent has no task with this id.");
        LogAnswer answer;
        answer.state = {std::string(protocol::toText(task->status)), task->attempt,
                        task->cancelRequestedAt.has_value()};
        if (batch.attempt > task->attempt || batch.attempt < 1) {
            answer.refusal = &errors::kStaleAttempt;
            return answer;
        }
        // Lines of an ended or older attempt are history that nobody else has: they are kept.
        answer.ack.ackedSeq =
            logBudget_.take(tx.tenant(), bytesOf(batch), now)
                ? LogStore::append(tx, taskId, batch, now)
                : LogStore::leaveOut(
                      tx, taskId, batch, now,
                      "The logs of this hour are more than the host keeps; lines are missing here.");
        if (batch.attempt == task->attempt && protocol::isHeldByAgent(task->status))
            TaskStore::extendLease(tx, taskId, batch.attempt, now + lease_);
        return answer;
    });
}

TaskUploads::ItemsAnswer TaskUploads::appendItems(const TenantContext& context, const Uuid& agent,
                                                  const Uuid& taskId, const protocol::ResultPart& part) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task || (task->agent != agent && !AgentStore::isSuccessor(tx, agent, task->agent)))
            throw core::Error(errors::kTaskNotFound, "This agent has no task with this id.");
        ItemsAnswer answer;
        answer.state = {std::string(protocol::toText(task->status)), task->attempt,
                        task->cancelRequestedAt.has_value()};
        if (part.attempt != task->attempt || !protocol::isHeldByAgent(task->status)) {
            answer.refusal =
                protocol::isTerminal(task->status) ? &errors::kTaskAlreadyFinished : &errors::kStaleAttempt;
            return answer;
        }
        answer.ack = results_.take(tx, *task, kinds_.get(task->type), part, now);
        TaskStore::extendLease(tx, taskId, part.attempt, now + lease_);
        return answer;
    });
}

} // namespace restic
