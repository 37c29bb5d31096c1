#include <chrono>
#include <stdexcept>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "db/notify_link.h"
#include "db/postgres_database.h"

namespace core::db {

namespace {

using std::chrono::steady_clock;

constexpr auto kChannel = "ae_wakeups";
constexpr std::chrono::seconds kLimit{5};

/// Straight on libpq: Poco Data knows nothing of notifications, and this connection does nothing else.
class PostgresNotifyLink final : public NotifyLink {
public:
    explicit PostgresNotifyLink(Location location) : location_(std::move(location)) {}

    void open(bool listen) override {
        connection_.reset(PQconnectdb(location_.connectionString.c_str()));
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            fail();
        PQsetNoticeProcessor(
            connection_.get(), [](void*, const char*) {}, nullptr);
        PQsetnonblocking(connection_.get(), 1);
        if (listen)
            ask(PQsendQuery(connection_.get(), fmt::format("LISTEN {}", kChannel).c_str()));
    }
    [[nodiscard]] bool isOpen() const noexcept override { return connection_ != nullptr; }
    void close() noexcept override { connection_.reset(); }
    [[nodiscard]] int descriptor() const noexcept override {
        return connection_ ? PQsocket(connection_.get()) : -1;
    }
    std::vector<std::string> take() override {
        if (PQconsumeInput(connection_.get()) == 0 || PQstatus(connection_.get()) != CONNECTION_OK)
            fail();
        std::vector<std::string> all;
        while (PGnotify* notification = PQnotifies(connection_.get())) {
            all.emplace_back(notification->extra);
            PQfreemem(notification);
        }
        return all;
    }
    void notify(const std::string& payload) override {
        const char* values[] = {kChannel, payload.c_str()};
        ask(PQsendQueryParams(connection_.get(), "SELECT pg_notify($1, $2)", 2, nullptr, values, nullptr,
                              nullptr, 0));
    }

private:
    [[noreturn]] void fail() {
        std::string reason = connection_ ? PQerrorMessage(connection_.get()) : "no memory";
        while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' '))
            reason.pop_back();
        connection_.reset();
        throw std::runtime_error(reason.empty() ? "the server closed the connection" : reason);
    }
    /// Waits for the answer to what was sent.
    void ask(int sent) {
        const auto until = steady_clock::now() + kLimit;
        if (sent == 0)
            fail();
        for (;;) {
            const int unsent = PQflush(connection_.get());
            if (unsent < 0 || PQconsumeInput(connection_.get()) == 0)
                fail();
            if (unsent == 0 && PQisBusy(connection_.get()) == 0)
                break;
            const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
            pollfd entry{PQsocket(connection_.get()),
                         static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
            if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) == 0) {
                connection_.reset();
                throw std::runtime_error("the server does not answer");
            }
        }
        bool good = true;
        while (PGresult* result = PQgetResult(connection_.get())) {
            const auto status = PQresultStatus(result);
            good = good && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
            PQclear(result);
        }
        if (!good)
            fail();
    }

    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };
    const Location location_;
    std::unique_ptr<PGconn, Finish> connection_;
};

} // namespace

std::unique_ptr<NotifyLink> PostgresDatabase::makeNotifyLink() {
    return std::make_unique<PostgresNotifyLink>(pool_.location());
}

} // namespace core::db
