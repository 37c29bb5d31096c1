#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/export.h"

namespace core {

/// A moment in UTC with microseconds: what the database stores (`…_us`) and what JSON shows as RFC 3339.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

[[nodiscard]] constexpr std::int64_t toMicros(Instant at) noexcept {
    return at.time_since_epoch().count();
}
[[nodiscard]] constexpr Instant fromMicros(std::int64_t us) noexcept {
    return Instant{microseconds{us}};
}

/// "2026-01-31T02:00:00.000Z"; a time outside the years 0 to 9999 as the nearest within.
CORE_EXPORT std::string formatInstant(Instant at);
/// RFC 3339 with any offset and any number of fraction digits (kept to microseconds), of the years 0 to 9999
/// in UTC; nullopt for anything else.
CORE_EXPORT std::optional<Instant> parseInstant(std::string_view text);

/// "5m", "30s", "1h30m", "250ms", "2d"; a plain number means seconds. nullopt if malformed or negative.
CORE_EXPORT std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);
/// The inverse, in the largest units that lose nothing: "1h30m".
CORE_EXPORT std::string formatDuration(std::chrono::milliseconds duration);

/// Where the time comes from. Everything that measures or waits takes a Clock, so that tests need no sleep.
/// Thread-safe.
class CORE_EXPORT Clock {
public:
    virtual ~Clock();
    /// The time of day, for what is stored and shown.
    [[nodiscard]] virtual Instant now() const = 0;
    /// Never goes back, for deadlines; its epoch means nothing.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
    /// Waits on `changed` until `done()` holds, steady() reaches `deadline`, or a stop is requested; returns
    /// done(). `lock` guards what `done` reads: it is held at the call, at each call of `done`, and at the
    /// return. Whoever changes that state notifies `changed`.
    virtual bool waitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                           const std::stop_token& stop, std::chrono::steady_clock::time_point deadline,
                           const std::function<bool()>& done) const = 0;
};

/// The machine's clock.
class CORE_EXPORT SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override;
    bool waitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                   const std::stop_token& stop, std::chrono::steady_clock::time_point deadline,
                   const std::function<bool()>& done) const override;
};

} // namespace core
