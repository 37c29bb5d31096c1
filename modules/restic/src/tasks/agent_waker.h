#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/http/route.h"
#include "core/log.h"
#include "core/uuid.h"

namespace restic {

/// Parked long polls of agents, and the thread that answers them when there is something to do. Waking costs
/// what the woken agents cost, not what is parked. Thread-safe.
class AgentWaker {
public:
    /// What an agent gets now; an empty optional if there is nothing. Runs on the waker's thread.
    using Answer = std::function<std::optional<core::http::Response>(const core::Uuid& tenant,
                                                                     const core::Uuid& agent, int free)>;

    AgentWaker(Answer answer, core::Logger log);
    ~AgentWaker();

    /// Looks for work of that agent soon. Call after the commit.
    void wake(const core::Uuid& agent);
    /// The same for every parked agent.
    void wakeAll();
    /// Keeps the poll until a wake-up. One that came since `seen` was read counts. Older polls of the same
    /// agent are answered with nothing: the newer one takes their place.
    void park(const core::Uuid& tenant, const core::Uuid& agent, int free, std::uint64_t seen,
              core::http::ParkedRequest poll);
    /// To be read before looking for work: see park().
    [[nodiscard]] std::uint64_t generation(const core::Uuid& agent);
    [[nodiscard]] std::size_t parked();
    void stop();

private:
    struct Waiting {
        core::Uuid tenant;
        int free;
        core::http::ParkedRequest poll;
    };
    void run();

    Answer answer_;
    core::Logger log_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_map<core::Uuid, std::vector<Waiting>> waiting_;
    std::unordered_map<core::Uuid, std::uint64_t> generations_;
    std::deque<core::Uuid> due_;
    std::set<core::Uuid> queued_;
    bool stopping_ = false;
    std::jthread thread_;
};

} // namespace restic
