#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/export.h"
#include "core/log.h"
#include "core/wakeups.h"
#include "db/notify_link.h"

namespace core {

/// Wake-ups of one host. On PostgreSQL they go to the other hosts through one connection with a thread of its
/// own, which sends what has gathered since its last message in one: a commit never waits for them.
class CORE_EXPORT HostWakeups final : public Wakeups {
public:
    /// `sender` names this process, differently from every other one. `database` must outlive it.
    HostWakeups(db::Database& database, Logger log, std::string sender);
    /// Sends what waits, if that goes quickly.
    ~HostWakeups() override;

    [[nodiscard]] WakeupSubscription subscribe(std::string topic, Handler handler) override;
    using Wakeups::publish;
    void publish(std::string_view topic, std::string_view key) override;
    /// From now on this host hears the others. A process that only publishes needs no connection before that.
    void listen();

    /// Whether it hears the others now.
    [[nodiscard]] bool hears() const;

private:
    struct Subscriber;
    struct Shared;
    /// A key, or nullopt for "anything".
    using Hint = std::pair<std::string, std::optional<std::string>>;

    void ensureThread();
    void run(const std::stop_token& stop);
    void ring() const;
    [[nodiscard]] std::vector<std::string> gather();
    void receive(const std::string& payload);

    const Logger log_;
    const std::string sender_;
    std::unique_ptr<db::NotifyLink> link_; // null where there are no other hosts; of the thread alone
    int bell_ = -1;                        // an eventfd: the thread has something to do
    std::shared_ptr<Shared> shared_;
    mutable std::mutex mutex_;
    std::set<Hint> outgoing_;
    bool listening_ = false; // asked for
    bool hears_ = false;     // connected and listening
    std::jthread thread_;    // last: it uses all of the above
};

} // namespace core
