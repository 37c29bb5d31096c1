#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "core/http/request.h"
#include "core/http/route.h"
#include "core/http/web_socket.h"
#include "core/log.h"
#include "core/time.h"

namespace core::http {

/// What the log will say of one request, as far as it is known before its answer.
struct AccessLine {
    std::string method, path, client, requestId, userAgent;
    json::Value principal, principalId;
    std::chrono::steady_clock::time_point began;
};

/// One line for each request that was understood, at level info, as soon as it is over: what was asked, what
/// came of it, by whom. The query and the bodies are never in it, and what a client wrote is masked before it
/// is cut. Thread-safe.
class AccessLog {
public:
    AccessLog(Logger log, const Clock& clock, bool on) : log_(std::move(log)), clock_(clock), on_(on) {}

    void set(bool on) noexcept { on_ = on; }
    /// nullopt: the log is off.
    [[nodiscard]] std::optional<AccessLine> begin(const Request& request, const Route* route,
                                                  std::chrono::steady_clock::time_point began) const;
    void answered(const AccessLine& line, const Response& response) const;
    /// The client went before its long poll was answered: a line without a status.
    void left(const AccessLine& line) const;
    /// A WebSocket has two lines: that it began, with the status 101, and that it ended, with the code.
    void upgraded(const AccessLine& line) const;
    void ended(const AccessLine& line, const WebSocketEnd& end) const;

private:
    void write(const AccessLine& line, json::Value status, json::Value bytes) const;
    [[nodiscard]] double since(const AccessLine& line) const;

    Logger log_;
    const Clock& clock_;
    std::atomic<bool> on_;
};

} // namespace core::http
