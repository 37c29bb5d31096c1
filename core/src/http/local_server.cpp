#include "core/http/local_server.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "core/encoding.h"
#include "core/uuid.h"
#include "http/dispatcher.h"
#include "http/openapi.h"
#include "http/park.h"
#include "http/router.h"
#include "http/web_socket_channel.h"
#include "metrics/store.h"

namespace core::http {

using detail::ParkState;

struct LocalAnswer::State {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::optional<Response> response;
    bool gone = false;
    milliseconds wait{0};
    std::shared_ptr<ParkState> park;
    std::shared_ptr<LocalWebSocket::Channel> webSocket;

    void deliver(Response answer) {
        const std::lock_guard lock(mutex);
        if (!gone)
            response = std::move(answer);
        changed.notify_all();
    }
};

class LocalWebSocket::Channel final : public detail::WebSocketChannel,
                                      public std::enable_shared_from_this<LocalWebSocket::Channel> {
public:
    explicit Channel(Upgrade upgrade) : upgrade_(std::move(upgrade)) {}

    WebSocket::Sent send(WebSocketMessage message) override {
        const std::lock_guard lock(mutex_);
        if (end_)
            return WebSocket::Sent::closed;
        sent_.push_back(std::move(message));
        return WebSocket::Sent::queued;
    }
    void close(WebSocketEnd end) override { finish(end); }
    [[nodiscard]] bool open() const override { return !end(); }

    void opened() {
        if (upgrade_.opened)
            upgrade_.opened(WebSocket(shared_from_this()));
    }
    void received(WebSocketMessage message) {
        if (open() && upgrade_.received)
            upgrade_.received(WebSocket(shared_from_this()), std::move(message));
    }
    void finish(const WebSocketEnd& end) {
        {
            const std::lock_guard lock(mutex_);
            if (end_)
                return;
            end_ = end;
        }
        if (upgrade_.closed)
            upgrade_.closed(end);
    }
    [[nodiscard]] std::optional<WebSocketEnd> end() const {
        const std::lock_guard lock(mutex_);
        return end_;
    }
    std::vector<WebSocketMessage> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(sent_, {});
    }

private:
    const Upgrade upgrade_;
    mutable std::mutex mutex_;
    std::vector<WebSocketMessage> sent_;
    std::optional<WebSocketEnd> end_;
};

std::vector<WebSocketMessage> LocalWebSocket::take() {
    return channel_->take();
}

void LocalWebSocket::send(WebSocketMessage message) {
    channel_->received(std::move(message));
}

void LocalWebSocket::close(const WebSocketEnd& end) {
    channel_->finish(end);
}

std::optional<WebSocketEnd> LocalWebSocket::end() const {
    return channel_->end();
}

bool LocalAnswer::waiting() const {
    const std::lock_guard lock(state_->mutex);
    return !state_->response && !state_->gone && !state_->webSocket;
}

bool LocalAnswer::await(milliseconds limit) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, limit, [&] { return state_->response.has_value(); });
}

Response LocalAnswer::response() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->response)
        throw Error(errors::kInternal, "This request has no answer yet: its handler parked it.");
    return *state_->response;
}

milliseconds LocalAnswer::wait() const {
    return state_->wait;
}

std::optional<LocalWebSocket> LocalAnswer::webSocket() const {
    return state_->webSocket ? std::optional(LocalWebSocket(state_->webSocket)) : std::nullopt;
}

void LocalAnswer::endWait() {
    if (state_->park && state_->park->leaveWaiting(ParkState::Phase::over))
        state_->deliver(state_->park->onTimeout);
}

void LocalAnswer::hangUp() {
    if (state_->park)
        state_->park->leaveWaiting(ParkState::Phase::over);
    const std::lock_guard lock(state_->mutex);
    state_->gone = !state_->response;
}

struct LocalServer::Parts {
    Parts(Authentication& authentication, const Clock& given, const Logger& log)
        : metrics(log), registry(metrics, "local"),
          dispatcher(middleware, authentication, given, log, registry), edge(EdgeOptions{}, given, log),
          clock(given) {
        dispatcher.setEdge(&edge);
    }
    metrics::Store metrics;
    metrics::ModuleRegistry registry;
    Router router;
    MiddlewareChain middleware;
    Dispatcher dispatcher;
    Edge edge;
    const Clock& clock;
};

LocalServer::LocalServer(Authentication& authentication, const Clock& clock, const Logger& log)
    : parts_(std::make_unique<Parts>(authentication, clock, log)) {}
LocalServer::~LocalServer() = default;

void LocalServer::add(const std::string& module, std::vector<Route> routes,
                      std::vector<Middleware> middleware) {
    parts_->router.add(module, std::move(routes));
    parts_->middleware.add(module, std::move(middleware));
}

LocalAnswer LocalServer::send(Request request) const {
    request.remoteAddress = "127.0.0.1";
    request.requestId = Uuid::generate(parts_->clock.now()).toString();
    Dispatcher::Incoming incoming{std::move(request), {}, {}, {}};
    incoming.match = parts_->router.find(incoming.request.method, incoming.request.path);
    if (incoming.request.body.size() > Dispatcher::bodyLimit(incoming.match))
        incoming.bodyProblem = Dispatcher::bodyTooLarge(incoming.match);

    if (incoming.match.route && incoming.match.route->webSocket &&
        incoming.request.headers.find("Upgrade") == nullptr) {
        Headers& headers = incoming.request.headers;
        headers.add("Connection", "Upgrade");
        headers.add("Upgrade", "websocket");
        headers.add("Sec-WebSocket-Version", "13");
        headers.add("Sec-WebSocket-Key", base64UrlEncode(std::string(16, 'k')));
    }
    auto state = std::make_shared<LocalAnswer::State>();
    Outcome outcome = parts_->dispatcher.dispatch(incoming);
    if (auto* response = std::get_if<Response>(&outcome)) {
        state->response = std::move(*response);
        return LocalAnswer(std::move(state));
    }
    if (auto* upgrade = std::get_if<Upgrade>(&outcome)) {
        state->webSocket = std::make_shared<LocalWebSocket::Channel>(std::move(*upgrade));
        state->webSocket->opened();
        return LocalAnswer(std::move(state));
    }
    auto& park = std::get<Park>(outcome);
    state->wait = park.wait;
    state->park = std::make_shared<ParkState>();
    state->park->onTimeout = std::move(park.onTimeout);
    state->park->deliver = [weak = std::weak_ptr(state)](Response response) {
        if (const auto waiting = weak.lock())
            waiting->deliver(std::move(response));
    };
    if (park.parked)
        park.parked(ParkedRequest(state->park));
    return LocalAnswer(std::move(state));
}

std::string LocalServer::openApi(const std::string& version) const {
    return http::openApi(parts_->router.routes(), version);
}

} // namespace core::http
