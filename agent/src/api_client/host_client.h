#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/http/client.h"
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
        network,      ///< nobody answered
        busy,         ///< answered by the server with "later", or by something that is not the server
        interrupted,  ///< by an Interrupter
        revoked,      ///< the server's own word that the agent, or its token, has ended
        unauthorized, ///< the server does not know the token, also after an attempt to rotate it
        registration, ///< the enrolment is refused
        taskEnded,    ///< the server wants no more of this attempt at the task
        rejected,     ///< this body will never be taken
        lacksItems,   ///< the server does not hold the items that the report names
        tooLarge,     ///< the server takes no more items of this task
    };
    Kind kind = Kind::network;
    int status = 0;
    /// The server's error name ("StaleAttempt"), or that of the local error.
    std::string name;
    std::string message;
    std::optional<std::chrono::milliseconds> retryAfter;

    [[nodiscard]] bool worthRetrying() const noexcept {
        return kind == Kind::network || kind == Kind::busy || kind == Kind::unauthorized;
    }
};

template <typename T>
struct ApiResult {
    std::optional<T> value;
    ApiFailure failure;

    explicit operator bool() const noexcept { return value.has_value(); }
};

/// What an answer that is no success means.
[[nodiscard]] ApiFailure failureOf(const core::http::ClientResponse& response);

/// Enrols with a registration token. `nonce` makes a repetition harmless.
[[nodiscard]] ApiResult<restic::protocol::RegisterResponse>
registerAgent(core::http::Client& http, const std::string& token, const std::string& nonce,
              const restic::protocol::RegisterRequest& request);

/// The server as an enrolled agent sees it. Adds the agent's token; rotates it once if the server does not
/// take it, whichever thread comes first. An answer without one of the server's error names is as good as
/// none: it may come from whatever stands in between. Thread-safe.
class HostClient {
public:
    /// `lost` is called once, when the server says that it has revoked the agent.
    HostClient(core::http::Client& http, IdentityStore& identity, const core::Clock& clock, core::Logger log,
               std::function<void()> lost);

    ApiResult<restic::protocol::HeartbeatResponse>
    heartbeat(const restic::protocol::HeartbeatRequest& request, std::chrono::milliseconds timeout,
              core::http::Interrupter* interrupter = nullptr);
    ApiResult<std::vector<restic::protocol::Envelope>> poll(std::int64_t free, std::chrono::milliseconds wait,
                                                            core::http::Interrupter& interrupter);
    ApiResult<restic::protocol::TaskStatusAck> reportStatus(const std::string& taskId,
                                                            const restic::protocol::TaskStatusReport& report,
                                                            core::http::Interrupter* interrupter = nullptr);
    ApiResult<restic::protocol::LogAck> sendLogs(const std::string& taskId,
                                                 const restic::protocol::LogBatch& batch,
                                                 core::http::Interrupter* interrupter = nullptr);
    ApiResult<restic::protocol::ResultAck> sendItems(const std::string& taskId,
                                                     const restic::protocol::ResultPart& part,
                                                     core::http::Interrupter* interrupter = nullptr);
    /// Rotates the token if two thirds of its life are over.
    void rotateIfDue();

private:
    ApiResult<core::http::ClientResponse> call(core::http::ClientRequest request,
                                               core::http::Interrupter* interrupter);
    /// True if there is a newer token than `used` now.
    bool rotate(const std::string& used);
    void giveUp(const ApiFailure& failure);
    [[nodiscard]] std::string base() const;

    core::http::Client& http_;
    IdentityStore& identity_;
    const core::Clock& clock_;
    core::Logger log_;
    std::function<void()> lost_;
    std::mutex rotation_;
    bool lostCalled_ = false;
};

} // namespace agent
