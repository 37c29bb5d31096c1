#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/export.h"
#include "core/time.h"

namespace core {

/// A queue of a module: how much it does at once, and how much may wait.
struct WorkQueueSpec {
    static constexpr std::size_t kMostWorkers = 64;
    static constexpr std::size_t kLongest = 100'000;

    std::string name;           ///< unique within the module
    std::size_t workers = 1;    ///< from 1 to kMostWorkers
    std::size_t length = 1000;  ///< pieces that wait at most; from 1 to kLongest
    milliseconds limit{60'000}; ///< how long one piece may take, unless it says so itself; above 0
    /// How long a piece may go on after its limit before it counts as hanging; not negative.
    milliseconds grace{30'000};
};

/// One piece of work.
struct Work {
    /// What it is about: "repository/0198…". Of one key nothing ever runs twice at once. It stands in logs
    /// and in /health/ready, so it holds no secret.
    std::string key;
    /// Stop is requested when the limit is reached and when the module stops; it should return soon after.
    /// What it throws is logged with the key and counted.
    std::function<void(const std::stop_token& stop)> run;
    std::optional<milliseconds> limit = {}; ///< instead of the queue's
};

/// What became of a submission.
enum class Submitted {
    queued,  ///< it waits for a worker
    joined,  ///< its key waits already: this piece takes the earlier one's place, and one of them runs
    again,   ///< its key runs now: this piece waits and runs afterwards
    refused, ///< the queue is full, or has stopped; nothing was taken
};

struct WorkQueueStats {
    std::string name;
    std::size_t workers = 0;          ///< as declared
    std::size_t waiting = 0;          ///< pieces that have not begun
    std::size_t running = 0;          ///< pieces under way, with those that hang
    std::vector<std::string> hanging; ///< keys of what has not returned after limit and grace
    std::uint64_t done = 0;           ///< pieces that returned
    std::uint64_t failed = 0;         ///< pieces that threw
    std::uint64_t refused = 0;        ///< submissions that were not taken
    std::uint64_t late = 0;           ///< pieces that reached their limit
    milliseconds oldest{0};           ///< how long the first of the waiting ones has waited
};

/// Work that comes up while the host runs, done by a few threads in the order of its submission. It lives in
/// this process alone: what must not be lost is in the database, and whoever finds it there submits it again.
/// Thread-safe; work may submit work.
class CORE_EXPORT WorkQueue {
public:
    virtual ~WorkQueue();
    [[nodiscard]] virtual Submitted submit(Work work) = 0;
    [[nodiscard]] virtual WorkQueueStats stats() const = 0;
};

/// The queues of a module. Work that hangs is named in /health/ready and its worker is replaced, until as
/// many hang as the queue has workers. When the module stops nothing new begins, what waits is dropped, and
/// what runs is asked to stop. Thread-safe.
class CORE_EXPORT WorkQueues {
public:
    virtual ~WorkQueues();
    /// The queue is there until the module's stop() has returned. Throws core::Error(kConflict) for a name
    /// that is taken, core::Error(kValidation) for numbers beyond their ranges. After the stop it gives a
    /// queue that refuses everything.
    virtual WorkQueue& add(WorkQueueSpec spec) = 0;
    [[nodiscard]] virtual std::vector<WorkQueueStats> stats() const = 0;

protected:
    /// Throws as add() for numbers beyond their ranges.
    static void check(const WorkQueueSpec& spec);
};

} // namespace core
