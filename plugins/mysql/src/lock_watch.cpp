#include "lock_watch.h"

#include <algorithm>

#include "sql_text.h"

namespace mysql {

LockWatch::LockWatch(const Server& server, std::string database, int seconds)
    : server_(server), database_(std::move(database)), seconds_(seconds) {
    const auto rows = server_.query("SELECT CONNECTION_ID();");
    since_ = rows.empty() ? "0" : rows[0][0];
    thread_ = std::thread([this] { run(); });
}

LockWatch::~LockWatch() {
    (void)end();
}

std::string LockWatch::end() {
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
    return waited_;
}

void LockWatch::run() {
    const auto pause = std::chrono::seconds(std::clamp(seconds_ / 4, 1, 30));
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, pause, [this] { return done_; })) {
        lock.unlock();
        look();
        lock.lock();
        if (!waited_.empty())
            return;
    }
}

void LockWatch::look() {
    // Of this account's later connections only: everybody sees their own ones.
    Rows rows;
    const auto end = server_.attempt(
        "SELECT ID, COALESCE(INFO,'') FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for%' "
        "AND USER=SUBSTRING_INDEX(USER(),'@',1) AND BINARY DB=BINARY " +
            textLiteral(database_) + " AND ID>" + since_ + " AND TIME>=" + std::to_string(seconds_) + ";",
        &rows);
    if (!end.ok || rows.empty() || rows[0].size() < 2)
        return;
    // The program reports a statement that was ended; this is why.
    if (server_.attempt("KILL " + rows[0][0] + ";").ok)
        waited_ = rows[0][1].substr(0, 300);
}

} // namespace mysql
