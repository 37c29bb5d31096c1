#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/export.h"

namespace core {

/// One declared error of the API: its name on the wire, the HTTP status it becomes, what it means and what
/// the reader can do about it. Declared once as a constant; documentation and answers come from it.
struct ErrorKind {
    std::string_view name;
    int status = 500;
    std::string_view meaning;
    std::string_view recovery;
};

namespace errors {
inline constexpr ErrorKind kValidation{"ValidationError", 400, "Invalid request parameters",
                                       "Correct the fields that the details name"};
inline constexpr ErrorKind kMalformed{"MalformedRequest", 400, "The request cannot be read",
                                      "Send well-formed JSON of the documented shape"};
inline constexpr ErrorKind kInvalidToken{"InvalidToken", 401,
                                         "The credentials are missing, invalid or expired", "Sign in again"};
inline constexpr ErrorKind kForbidden{"InsufficientPermissions", 403, "The caller lacks the required role",
                                      "Ask an administrator for the permission"};
inline constexpr ErrorKind kNotFound{"NotFound", 404, "There is nothing at this address",
                                     "Check the address"};
inline constexpr ErrorKind kMethodNotAllowed{
    "MethodNotAllowed", 405, "This address does not take this method", "See the Allow header"};
inline constexpr ErrorKind kConflict{"Conflict", 409, "The request meets a state that excludes it",
                                     "Read the current state and decide again"};
inline constexpr ErrorKind kPreconditionFailed{"PreconditionFailed", 412, "It was changed since it was read",
                                               "Read it again and repeat the change"};
inline constexpr ErrorKind kRequestTimeout{"RequestTimeout", 408, "The request did not arrive in time",
                                           "Send it again, faster"};
inline constexpr ErrorKind kUriTooLong{"UriTooLong", 414, "The address is too long",
                                       "Send less in the query"};
inline constexpr ErrorKind kExpectationFailed{"ExpectationFailed", 417, "The host does not know this Expect",
                                              "Send 100-continue or none"};
inline constexpr ErrorKind kHeaderTooLarge{"HeaderTooLarge", 431, "The header is too large",
                                           "Send less of it"};
inline constexpr ErrorKind kNotImplemented{
    "NotImplemented", 501, "The host does not know this method or coding", "Use one that HTTP declares"};
inline constexpr ErrorKind kVersionNotSupported{"VersionNotSupported", 505,
                                                "The host does not speak this HTTP", "Use HTTP/1.1"};
inline constexpr ErrorKind kTooLarge{"PayloadTooLarge", 413, "The body is larger than this address accepts",
                                     "Send less at once"};
inline constexpr ErrorKind kUnsupportedMedia{"UnsupportedMediaType", 415, "The body has another media type",
                                             "Send application/json"};
inline constexpr ErrorKind kRangeNotSatisfiable{
    "RangeNotSatisfiable", 416, "The file does not have the wanted bytes", "See Content-Range for its size"};
inline constexpr ErrorKind kUpgradeRequired{"UpgradeRequired", 426, "This address is a WebSocket",
                                            "Connect to it as to a WebSocket"};
inline constexpr ErrorKind kRateLimit{"RateLimitExceeded", 429, "Too many requests",
                                      "Wait for the time that Retry-After names"};
inline constexpr ErrorKind kInternal{"InternalError", 500, "The server failed",
                                     "Look for the request id in the server's log"};
inline constexpr ErrorKind kUnavailable{"Unavailable", 503, "The server cannot answer now",
                                        "Try again after the time that Retry-After names"};
inline constexpr ErrorKind kDatabase{"DatabaseError", 503, "The database connection is lost",
                                     "Try again; check the database if it lasts"};
inline constexpr ErrorKind kIdempotencyKeyReused{"IdempotencyKeyReused", 422,
                                                 "The Idempotency-Key was used for another request",
                                                 "Send a new key for each change"};
inline constexpr ErrorKind kIdempotencyKeyInUse{"IdempotencyKeyInUse", 409,
                                                "The first request with this Idempotency-Key is under way",
                                                "Send it again in a moment"};
inline constexpr ErrorKind kIdempotencyAnswerLost{
    "IdempotencyAnswerLost", 409, "The first request with this Idempotency-Key was done, its answer is lost",
    "Read the current state; nothing was done again"};
inline constexpr ErrorKind kLeaseLost{"LeaseLost", 503, "Another host has taken over this work",
                                      "Nothing to do: the other host does it"};
} // namespace errors

/// One finding about one field; `pointer` is a JSON pointer into the document ("" = the whole document).
struct Problem {
    std::string pointer;
    std::string message;
    bool operator==(const Problem&) const = default;
};

/// The exception of this project. `what()` is safe to show to the caller: it names what happened, to what,
/// and what to do. `detail()` is for the log only. Thrown for what is not expected at the place where it
/// happens; turned into an answer at the five borders (HTTP dispatch, event delivery, job, module lifecycle,
/// thread main). `kind` must be one of the declared constants (static storage).
class CORE_EXPORT Error : public std::runtime_error {
public:
    explicit Error(const ErrorKind& kind, const std::string& message, std::vector<Problem> details = {});
    ~Error() override;

    [[nodiscard]] const ErrorKind& kind() const noexcept { return *kind_; }
    [[nodiscard]] std::string_view name() const noexcept { return kind_->name; }
    [[nodiscard]] int status() const noexcept { return kind_->status; }
    [[nodiscard]] const std::vector<Problem>& details() const noexcept { return details_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

    /// Adds text for the log that the caller must not see. Returns itself, to be thrown.
    Error& withDetail(std::string detail);

private:
    const ErrorKind* kind_;
    std::vector<Problem> details_;
    std::string detail_;
};

/// What any exception in flight says: an Error's message and detail, Poco's displayText(), what() otherwise.
/// Call inside a catch block.
CORE_EXPORT std::string describeCurrentException();

/// The same for whoever is not meant to read the log: an Error without its kind and detail. Call inside a
/// catch block.
CORE_EXPORT std::string messageOfCurrentException();

/// A value, or the reason why there is none. For outcomes that are expected.
template <typename T>
class Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    /// The value; throws the error if there is none.
    [[nodiscard]] T& value() & {
        if (!ok())
            throw std::get<1>(state_);
        return std::get<0>(state_);
    }
    [[nodiscard]] const T& value() const& {
        if (!ok())
            throw std::get<1>(state_);
        return std::get<0>(state_);
    }
    [[nodiscard]] T&& value() && {
        if (!ok())
            throw std::get<1>(state_);
        return std::get<0>(std::move(state_));
    }
    /// Only when not ok().
    [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

} // namespace core
