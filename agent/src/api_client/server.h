#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api_client/http_client.h"
#include "core/log.h"
#include "core/time.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/task_messages.h"
#include "state/identity.h"

namespace agent {

/// Why a call gave no answer of its type.
struct ApiFailure {
    enum class Kind {
        network,      ///< nobody answered: try again later
        interrupted,  ///< by an Interrupter
        unauthorized, ///< 401, also after an attempt to rotate the token
        rejected,     ///< 4xx: the same call will never succeed
        conflict,     ///< 409: the server's state excludes it
        busy,         ///< 429 and 5xx: try again later
    };
    Kind kind = Kind::network;
    int status = 0;
    /// The server's error name ("StaleAttempt"), or that of the local error.
    std::string name;
    std::string message;
    std::optional<std::chrono::milliseconds> retryAfter;

    [[nodiscard]] bool worthRetrying() const noexcept { return kind == Kind::network || kind == Kind::busy; }
};

template <typename T>
struct ApiResult {
    std::optional<T> value;
    ApiFailure failure;

    explicit operator bool() const noexcept { return value.has_value(); }
};

/// Enrols with a registration token. `nonce` makes a repetition harmless.
[[nodiscard]] ApiResult<restic::protocol::RegisterResponse>
registerAgent(HttpClient& http, const std::string& token, const std::string& nonce,
              const restic::protocol::RegisterRequest& request);

/// The server as an enrolled agent sees it. Adds the agent's token; on 401 rotates it once, whichever thread
/// comes first. Thread-safe.
class Server {
public:
    /// `lost` is called once, when the server no longer knows the agent's token.
    Server(HttpClient& http, IdentityStore& identity, const core::Clock& clock, core::Logger log,
           std::function<void()> lost);

    ApiResult<restic::protocol::HeartbeatResponse>
    heartbeat(const restic::protocol::HeartbeatRequest& request, std::chrono::milliseconds timeout,
              Interrupter* interrupter = nullptr);
    ApiResult<std::vector<restic::protocol::Envelope>> poll(std::int64_t free, std::chrono::milliseconds wait,
                                                            Interrupter& interrupter);
    ApiResult<restic::protocol::TaskStatusAck> reportStatus(const std::string& taskId,
                                                            const restic::protocol::TaskStatusReport& report,
                                                            Interrupter* interrupter = nullptr);
    ApiResult<restic::protocol::LogAck> sendLogs(const std::string& taskId,
                                                 const restic::protocol::LogBatch& batch,
                                                 Interrupter* interrupter = nullptr);
    /// Rotates the token if two thirds of its life are over.
    void rotateIfDue();

private:
    ApiResult<HttpResponse> call(HttpRequest request, Interrupter* interrupter);
    /// True if there is a newer token than `used` now.
    bool rotate(const std::string& used);
    [[nodiscard]] std::string base() const;

    HttpClient& http_;
    IdentityStore& identity_;
    const core::Clock& clock_;
    core::Logger log_;
    std::function<void()> lost_;
    std::mutex rotation_;
    bool lostCalled_ = false;
};

} // namespace agent
