#include "tasks/agent_waker.h"

#include <pthread.h>

#include "core/error.h"

namespace restic {

using core::Uuid;

namespace {
core::http::Response nothing() {
    return core::http::Response::json(R"({"items":[]})");
}
} // namespace

AgentWaker::AgentWaker(Answer answer, core::Logger log) : answer_(std::move(answer)), log_(std::move(log)) {
    thread_ = std::jthread([this] {
        pthread_setname_np(pthread_self(), "agent-waker");
        run();
    });
}

AgentWaker::~AgentWaker() {
    stop();
}

void AgentWaker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

std::uint64_t AgentWaker::generation(const Uuid& agent) {
    const std::lock_guard lock(mutex_);
    return generations_[agent];
}

std::size_t AgentWaker::parked() {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [agent, polls] : waiting_)
        count += polls.size();
    return count;
}

void AgentWaker::wake(const Uuid& agent) {
    {
        const std::lock_guard lock(mutex_);
        ++generations_[agent];
        if (!waiting_.contains(agent) || !queued_.insert(agent).second)
            return;
        due_.push_back(agent);
    }
    changed_.notify_one();
}

void AgentWaker::wakeAll() {
    {
        const std::lock_guard lock(mutex_);
        for (auto& [agent, generation] : generations_)
            ++generation;
        for (const auto& [agent, polls] : waiting_)
            if (queued_.insert(agent).second)
                due_.push_back(agent);
    }
    changed_.notify_one();
}

void AgentWaker::park(const Uuid& tenant, const Uuid& agent, int free, std::uint64_t seen,
                      core::http::ParkedRequest poll) {
    bool missed = false;
    std::vector<Waiting> replaced;
    {
        const std::lock_guard lock(mutex_);
        auto& polls = waiting_[agent];
        replaced.swap(polls);
        polls.push_back({tenant, free, std::move(poll)});
        missed = generations_[agent] != seen;
        if (missed && queued_.insert(agent).second)
            due_.push_back(agent);
    }
    if (missed)
        changed_.notify_one();
    // An agent that asks again has given up its older poll: a task handed to that one would be lost time.
    for (Waiting& old : replaced)
        if (old.poll.claim())
            old.poll.answer(nothing());
}

void AgentWaker::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !due_.empty(); });
        if (stopping_)
            return;
        const Uuid agent = due_.front();
        due_.pop_front();
        queued_.erase(agent);
        const auto found = waiting_.find(agent);
        if (found == waiting_.end())
            continue;
        std::vector<Waiting> polls = std::move(found->second);
        waiting_.erase(found);
        lock.unlock();
        std::vector<Waiting> rest;
        for (Waiting& waiting : polls) {
            if (waiting.poll.over())
                continue;
            try {
                // The right to answer comes first: a task must not be handed to a client that has gone.
                if (!waiting.poll.claim())
                    continue;
                auto response = answer_(waiting.tenant, agent, waiting.free);
                waiting.poll.answer(response ? std::move(*response) : nothing());
            } catch (...) {
                log_.error("a parked agent could not be given its tasks",
                           {{"tenant_id", waiting.tenant.toString()},
                            {"agent_id", agent.toString()},
                            {"error", core::describeCurrentException()}});
                waiting.poll.answer(core::http::Response::error(
                    core::Error(core::errors::kUnavailable, "The tasks could not be read; try again.")));
            }
        }
        lock.lock();
    }
}

} // namespace restic
