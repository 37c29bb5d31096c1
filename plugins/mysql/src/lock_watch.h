#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "server.h"

namespace mysql {

/// Ends a dump that waits longer for a lock than it may: the dump programs have no option for that, and a
/// server lets them wait for a day.
class LockWatch {
public:
    LockWatch(const Server& server, std::string database, int seconds);
    ~LockWatch();
    LockWatch(const LockWatch&) = delete;
    LockWatch& operator=(const LockWatch&) = delete;

    /// The statement that waited too long; empty if there was none. Ends the watch.
    std::string end();

private:
    void run();
    /// One look at the server.
    void look();

    const Server& server_;
    std::string database_;
    int seconds_;
    std::string since_; // connections after this one are looked at
    std::string waited_;
    bool done_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;
};

} // namespace mysql
