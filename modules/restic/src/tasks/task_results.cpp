#include "tasks/task_results.h"

#include <algorithm>

#include "agents/agent_texts.h"
#include "errors.h"
#include "lock_row.h"

namespace restic {

using core::Instant;
using core::db::Transaction;
using protocol::result_limits::kItems;

namespace {
/// An item of that many problems is explained well enough.
constexpr std::size_t kMostProblems = 10;

std::vector<core::Problem> problemsOf(const core::Result<core::json::Value>& parsed, const KindOfTask& kind) {
    if (!parsed)
        return {{"", parsed.error().what()}};
    auto problems = kind.problemsOfItem(parsed.value());
    if (problems.size() > kMostProblems)
        problems.resize(kMostProblems);
    return problems;
}

core::json::Value written(const protocol::RefusedItem& refused) {
    core::json::Array all;
    for (const auto& problem : refused.problems)
        all.push_back(core::wire::toJson(problem));
    return all;
}
} // namespace

protocol::ResultAck TaskResults::take(Transaction& tx, const Task& task, const KindOfTask& kind,
                                      const protocol::ResultPart& part, Instant now) const {
    if (kind.declaration().item == nullptr)
        throw core::wire::validationError({{"/lines", "a task of the kind " + task.type + " has no items"}});
    lockRow(tx, "restic_tasks", task.id); // the same part twice at once
    auto held = ResultStore::held(tx, task.id, task.attempt);
    protocol::ResultAck ack;
    ack.ackedItem = held.items.count;
    const auto end = part.firstItem + static_cast<std::int64_t>(part.lines.size()) - 1;
    if (part.firstItem > held.items.count + 1 || end <= held.items.count)
        return ack;
    std::vector<ResultStore::Item> items;
    std::vector<core::json::Value> valid;
    for (auto number = held.items.count + 1; number <= end; ++number) {
        const auto& line = part.lines[static_cast<std::size_t>(number - part.firstItem)];
        held.items.add(line);
        const auto parsed = core::json::parse(line);
        const auto problems = problemsOf(parsed, kind);
        if (problems.empty()) {
            valid.push_back(printableTexts(parsed.value()));
            items.push_back({number, valid.back(), {}});
            continue;
        }
        protocol::RefusedItem refused{number, {}};
        for (const auto& problem : problems)
            refused.problems.push_back({problem.pointer, problem.message});
        items.push_back({number, {}, printableTexts(written(refused))});
        ack.refused.push_back(std::move(refused));
        ++held.refused;
    }
    if (held.items.bytes > mostBytes_ || held.items.count > kItems)
        throw core::Error(errors::kResultTooLarge, "The result is larger than the " +
                                                       std::to_string(mostBytes_ >> 20) + " MiB and the " +
                                                       std::to_string(kItems) +
                                                       " items that the host takes of one task.");
    ResultStore::append(tx, task.id, task.attempt, items, held, now);
    kind.received(tx, task, valid, now);
    ack.ackedItem = end;
    return ack;
}

void TaskResults::takeFromReport(Transaction& tx, const Task& task, const KindOfTask& kind,
                                 const core::json::Array& items, Instant now) const {
    protocol::ResultPart part;
    part.attempt = task.attempt;
    const auto send = [&] {
        take(tx, task, kind, part, now);
        part.firstItem += static_cast<std::int64_t>(part.lines.size());
        part.lines.clear();
    };
    for (const auto& item : items) {
        part.lines.push_back(core::json::write(item));
        if (part.lines.size() == protocol::result_limits::kPartItems)
            send();
    }
    if (!part.lines.empty())
        send();
}

bool TaskResults::holds(Transaction& tx, const Task& task, const protocol::ResultItems& named) {
    lockRow(tx, "restic_tasks", task.id); // against a part that comes at this moment
    const auto held = ResultStore::held(tx, task.id, task.attempt).items;
    if (held == named)
        return true;
    if (held.count >= named.count)
        ResultStore::erase(tx, task.id);
    return false;
}

} // namespace restic
