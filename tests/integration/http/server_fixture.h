#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/test_log.h"
#include "http/server.h"
#include "metrics/store.h"
#include "support/await.h"
#include "support/raw_client.h"

namespace core::http {

using namespace std::chrono_literals;

/// Closed until it is opened.
class Gate {
public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.wait(lock, [&] { return open_; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    int waiting() {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int waiting_ = 0;
};

/// Holds the loop's thread until it is let go, so that what happens meanwhile finds it as it was. Made before
/// the server starts, which may outlive it.
class HeldLoop {
public:
    explicit HeldLoop(ServerOptions& options) {
        options.ticks.push_back({1ms, [state = state_] {
                                     if (state->hold)
                                         state->gate.pass();
                                 }});
    }
    void hold() {
        state_->hold = true;
        ASSERT_TRUE(test::await([&] { return state_->gate.waiting() == 1; }));
    }
    void letGo() {
        state_->hold = false;
        state_->gate.open();
    }

private:
    struct State {
        std::atomic<bool> hold{false};
        Gate gate;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// How many threads this process has.
inline std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

/// A server of this process with routes that misbehave in every way the tests need.
class ServerTest : public testing::Test {
protected:
    ServerTest() {
        options.addresses = {ListenAddress::parse("127.0.0.1:0").value()};
        authentication.add(std::make_shared<Tokens>());
        add("GET", "/ok", [](Request&) -> Outcome { return Response::text("ok", "text/plain"); });
        add("GET", "/count", [this](Request&) -> Outcome {
            ++counted;
            return Response::text("counted", "text/plain");
        });
        add("POST", "/echo", [this](Request& request) -> Outcome {
            ++counted;
            return Response::text(request.body, "text/plain");
        }).bodyLimit = 1000;
        Route& admin = add("POST", "/admin", [this](Request& request) -> Outcome {
            ++counted;
            return Response::text(request.body, "text/plain");
        });
        admin.permission = Permission::role("test.admin", Role::admin);
        admin.bodyLimit = 10;
        add("GET", "/x", [](Request& request) -> Outcome {
            return Response::text(std::string(request.headers.get("X")), "text/plain");
        });
        add("GET", "/gate", [this](Request&) -> Outcome {
            gate.pass();
            return Response::text("passed", "text/plain");
        });
        add("GET", "/gate/blocking", [this](Request&) -> Outcome {
            gate.pass();
            return Response::text("passed", "text/plain");
        }).executor = Executor::blocking;
        add("GET", "/park/{name}", [this](Request& request) -> Outcome {
            return Park{parkFor, Response::text("nothing", "text/plain"),
                        [this, name = request.parameter("name")](ParkedRequest handle) {
                            const std::lock_guard lock(mutex);
                            handles.emplace_back(name, std::move(handle));
                        }};
        });
        add("GET", "/big", [this](Request&) -> Outcome {
            Response response = Response::text("", "text/plain");
            response.shared = big;
            return response;
        });
        add("GET", "/throws/std", [](Request&) -> Outcome { throw std::runtime_error("inner matter"); });
        add("GET", "/throws/int", [](Request&) -> Outcome { throw 42; });
        add("GET", "/throws/error",
            [](Request&) -> Outcome { throw Error(errors::kConflict, "Twice.").withDetail("inner matter"); });
    }
    ~ServerTest() override {
        gate.open();
        server.reset();
    }

    Route& add(std::string method, std::string path, Handler handler) {
        Route route{.method = std::move(method),
                    .path = std::move(path),
                    .summary = "",
                    .permission = Permission::open()};
        route.audit = Audit::exempt("a test");
        route.handler = std::move(handler);
        routes.push_back(std::make_unique<Route>(std::move(route)));
        return *routes.back();
    }
    void start() {
        for (const auto& route : routes)
            router.add("test", {*route});
        dispatcher.setEdge(edge.get());
        server = std::make_unique<Server>(options, router, dispatcher, clock, log.logger("http"));
        server->start();
    }
    [[nodiscard]] test::RawClient connect(int receiveBuffer = 0) const {
        return test::RawClient(server->port(), receiveBuffer);
    }
    /// True as soon as that many requests are parked and their handles are kept, in the order in which the
    /// workers came to them.
    bool areParked(std::size_t count) {
        return test::await([&] { return parked().size() == count; });
    }
    std::vector<std::pair<std::string, ParkedRequest>> parked() {
        const std::lock_guard lock(mutex);
        return handles;
    }

    core::testkit::TestLog log;
    SystemClock clock;
    ServerOptions options;
    Router router;
    MiddlewareChain middleware;
    Authentication authentication{clock};
    metrics::Store metrics{log.logger("metrics")};
    metrics::ModuleRegistry registry{metrics, "host"};
    Dispatcher dispatcher{middleware, authentication, clock, log.logger("dispatch"), registry};
    std::vector<std::unique_ptr<Route>> routes;
    std::atomic<int> counted{0};
    Gate gate;
    std::chrono::milliseconds parkFor{60000};
    std::shared_ptr<const std::string> big = std::make_shared<const std::string>(32U << 20U, 'b');
    std::mutex mutex;
    std::vector<std::pair<std::string, ParkedRequest>> handles;
    std::unique_ptr<Edge> edge; ///< before start(); without one there are no other origins and no access log
    std::unique_ptr<Server> server;

private:
    class Tokens final : public Authenticator {
    public:
        std::optional<Result<Verified>> authenticate(const Credentials& credentials) override {
            Principal principal;
            principal.role = parseRole(credentials.secret);
            if (!principal.role)
                return std::nullopt;
            return Result<Verified>(Verified{principal, Instant::max()});
        }
    };
};

} // namespace core::http
