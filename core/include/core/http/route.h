#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/export.h"
#include "core/http/message.h"
#include "core/http/principal.h"
#include "core/http/request.h"
#include "core/http/web_socket.h"
#include "core/wire.h"

namespace core::http {

/// Who may call a route. There is no default: a route without a permission does not start.
class CORE_EXPORT Permission {
public:
    /// Anyone, without credentials.
    [[nodiscard]] static Permission open();
    /// People and API tokens with at least this role. `name` is for the documentation and the error text.
    [[nodiscard]] static Permission role(std::string name, Role least);
    /// Agents only; the handler compares the agent's id with the path's.
    [[nodiscard]] static Permission agent(std::string name);
    /// Holders of a registration token only.
    [[nodiscard]] static Permission registration(std::string name);
    /// Callers who may cross tenants.
    [[nodiscard]] static Permission system(std::string name);
    /// People with that role, and agents.
    [[nodiscard]] Permission orAgent() const;

    Permission() = default;
    [[nodiscard]] bool declared() const noexcept { return declared_; }
    [[nodiscard]] bool isOpen() const noexcept { return open_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] std::optional<Role> least() const noexcept { return least_; }
    [[nodiscard]] bool admitsKind(PrincipalKind kind) const noexcept;
    [[nodiscard]] bool admits(const Principal& principal) const noexcept;
    [[nodiscard]] bool needsSystem() const noexcept { return system_; }

private:
    std::string name_;
    std::optional<Role> least_;
    unsigned kinds_ = 0;
    bool declared_ = false;
    bool open_ = false;
    bool system_ = false;
};

/// What a changing route writes into the audit log.
class CORE_EXPORT Audit {
public:
    /// The row's action: "restic.policy.created".
    [[nodiscard]] static Audit action(std::string name);
    /// No row, for this stated reason ("telemetry of agents").
    [[nodiscard]] static Audit exempt(std::string reason);

    Audit() = default;
    [[nodiscard]] bool declared() const noexcept { return !action_.empty() || !reason_.empty(); }
    [[nodiscard]] const std::string& actionName() const noexcept { return action_; }

private:
    std::string action_;
    std::string reason_;
};

/// Slows down guessing at a route where secrets can be tried. An answer of the handler that refuses the
/// caller (401 or 403) is a failure of the client's address and of the account that the request names; after
/// too many of them (`http.throttle_…`) further requests are answered with 429 and Retry-After before the
/// handler runs, for this address only: nobody can lock an account for its owner. Credentials come first: a
/// bad token is always 401.
class CORE_EXPORT Throttle {
public:
    /// Whom the request claims to be, in one spelling; "" for nobody. Called before the handler, with the
    /// body as it came; what it throws is the answer.
    using Account = std::function<std::string(const Request&)>;
    [[nodiscard]] static Throttle failuresOf(Account account);
    /// The account is the verified caller's.
    [[nodiscard]] static Throttle failuresOfCaller();

    /// None.
    Throttle() = default;
    [[nodiscard]] bool declared() const noexcept { return account_ != nullptr; }
    [[nodiscard]] std::string accountOf(const Request& request) const { return account_(request); }

private:
    Account account_;
};

/// `fast` handlers finish in about a millisecond; `blocking` ones (bcrypt, long SQL, other machines) have a
/// pool of their own, so that they never hold the fast one. `probe` is one thread for answers that wait for
/// nothing at all: whether the process lives must be told while everything else waits for the database.
enum class Executor { fast, blocking, probe };

namespace detail {
struct ParkState;
class RouteCounters;
} // namespace detail

/// A long poll that waits, held by whoever will answer it. Cheap to copy. Thread-safe.
class CORE_EXPORT ParkedRequest {
public:
    explicit ParkedRequest(std::shared_ptr<detail::ParkState> state);
    ParkedRequest(const ParkedRequest&);
    ParkedRequest(ParkedRequest&&) noexcept;
    ParkedRequest& operator=(const ParkedRequest&);
    ParkedRequest& operator=(ParkedRequest&&) noexcept;
    ~ParkedRequest();

    /// Takes the right to answer: true for exactly one caller, and never after the wait has ended or the
    /// client has gone. Whoever got true must call answer().
    [[nodiscard]] bool claim();
    /// Sends the answer. Only after claim() returned true.
    void answer(Response response);
    /// True once nobody can answer it any more.
    [[nodiscard]] bool over() const;

private:
    std::shared_ptr<detail::ParkState> state_;
};

/// What a handler returns to hold the request without a thread.
struct Park {
    std::chrono::milliseconds wait;
    /// The answer when the wait ends.
    Response onTimeout;
    /// Called once with the handle, after which it may be answered from any thread. It runs after the handler
    /// returned: look again for what the handler did not find, or a wake-up in between is lost.
    std::function<void(ParkedRequest)> parked;
};

using Outcome = std::variant<Response, Park, Upgrade>;
using Handler = std::function<Outcome(Request&)>;

/// One route, declared in one place: permission, audit, limits, executor, types, handler.
struct Route {
    std::string method;
    std::string path; ///< "/api/v1/restic/agents/{id}"
    std::string summary;
    Permission permission;
    Audit audit = {};
    Throttle throttle = {};
    Executor executor = Executor::fast;
    std::size_t bodyLimit = 1U << 20U;
    std::chrono::milliseconds timeLimit{30000};
    const wire::Type* request = nullptr;
    const wire::Type* query = nullptr;
    const wire::Type* response = nullptr;
    bool responseIsList = false;         ///< a bare array of `response`; of texts without one
    int status = 200;                    ///< of success, for the documentation
    std::vector<int> otherStatuses = {}; ///< further ones whose answer is `response`, for the documentation
    /// Where what an answer of 201 or 202 made is found: "/api/v1/restic/tasks/{id}", with fields of the
    /// answer in braces ("{invitation.id}"). The host sends it as Location.
    std::string location = {};
    /// The answer names a version (core/http/version.h) by ETag; a PUT takes it back by If-Match.
    bool versioned = false;
    /// Set for a GET whose handler returns an Upgrade.
    std::optional<WebSocketLimits> webSocket = {};
    std::string responseMedia = {}; ///< media type of an answer that is not JSON, instead of `response`
    /// Larger JSON answers to GET are compressed. False where one holds a secret beside text that others can
    /// choose: its length would tell of the secret.
    bool compressed = true;
    std::vector<const ErrorKind*> errors = {};
    Handler handler = {};
    std::string module = {};                              ///< set by the host
    std::shared_ptr<detail::RouteCounters> counters = {}; ///< set by the host
};

} // namespace core::http
