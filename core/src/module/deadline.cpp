#include "module/deadline.h"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace core::module {

bool endsWithin(const Clock& clock, milliseconds limit, std::function<void()> work) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable_any changed;
        bool ended = false;
        std::exception_ptr failure;
    };
    // Shared with the thread, which may outlive this call.
    const auto shared = std::make_shared<Shared>();
    std::thread thread([shared, work = std::move(work)] {
        std::exception_ptr failure;
        try {
            work();
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(shared->mutex);
        shared->failure = failure;
        shared->ended = true;
        shared->changed.notify_all();
    });
    bool ended = false;
    {
        std::unique_lock lock(shared->mutex);
        ended =
            clock.waitUntil(lock, shared->changed, {}, clock.steady() + limit, [&] { return shared->ended; });
    }
    if (!ended) {
        thread.detach();
        return false;
    }
    thread.join();
    if (shared->failure)
        std::rethrow_exception(shared->failure);
    return true;
}

} // namespace core::module
