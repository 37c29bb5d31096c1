#include "core/cron.h"

#include <algorithm>

#include <date/tz.h>

#include "schedule/cron_fields.h"

namespace core {

namespace {

using std::chrono::minutes;

/// The longest that a date lets wait is forty years (29 February on a Monday, around 2100). Where a zone
/// skips a whole day, what follows the elapsed time waits as long once more.
constexpr date::years kHorizon{100};
/// What is earlier or later cannot be written.
constexpr date::sys_seconds kBegin{date::sys_days{date::year{0} / 1 / 1}};
constexpr date::sys_seconds kEnd{date::sys_days{date::year{10000} / 1 / 1}};

/// By the time that elapses: in each stretch of time with one offset the calendar is searched.
std::optional<date::sys_seconds> nextElapsed(const CronFields& fields, date::sys_seconds after,
                                             date::sys_seconds horizon, const date::time_zone& zone) {
    auto stretch = zone.get_info(after);
    auto from =
        date::floor<minutes>(date::local_seconds{(after + stretch.offset).time_since_epoch()}) + minutes{1};
    for (;;) {
        const auto end = std::min(stretch.end, horizon);
        const auto found =
            fields.firstMinute(from, date::local_seconds{(end + stretch.offset).time_since_epoch()});
        if (found)
            return date::sys_seconds{found->time_since_epoch()} - stretch.offset;
        if (end == horizon)
            return std::nullopt;
        const auto begin = stretch.end;
        stretch = zone.get_info(begin);
        from = date::ceil<minutes>(date::local_seconds{(begin + stretch.offset).time_since_epoch()});
    }
}

/// By the clock on the wall: each time that the calendar names is once, and in their order.
std::optional<date::sys_seconds> nextLocal(const CronFields& fields, date::sys_seconds after,
                                           date::sys_seconds horizon, const date::time_zone& zone) {
    auto from = date::floor<minutes>(zone.to_local(after)) + minutes{1};
    const auto end = zone.to_local(horizon);
    for (;;) {
        const auto local = fields.firstMinute(from, end);
        if (!local)
            return std::nullopt;
        const auto info = zone.get_info(*local);
        // Skipped by a change: at the moment of the change. Twice: the first of both, which may be over.
        const auto at = info.result == date::local_info::nonexistent
                            ? info.first.end
                            : date::sys_seconds{local->time_since_epoch()} - info.first.offset;
        if (at > after)
            return at;
        from = date::floor<minutes>(*local) + minutes{1};
    }
}

} // namespace

Cron::Cron(std::shared_ptr<const CronFields> fields) : fields_(std::move(fields)) {}

Result<Cron> Cron::parse(std::string_view expression, std::string_view key) {
    auto fields = parseCronFields(expression, key);
    if (!fields)
        return fields.error();
    return Cron(std::make_shared<const CronFields>(std::move(fields).value()));
}

bool Cron::dependsOnKey() const {
    return fields_->keyed;
}

std::optional<Instant> Cron::next(Instant after, const date::time_zone& zone) const {
    const auto begin = std::max(
        date::floor<std::chrono::seconds>(date::sys_time<microseconds>{after.time_since_epoch()}), kBegin);
    if (begin >= kEnd)
        return std::nullopt;
    const auto horizon = std::min(date::sys_seconds{begin + kHorizon}, kEnd);
    const auto at = fields_->anyHour ? nextElapsed(*fields_, begin, horizon, zone)
                                     : nextLocal(*fields_, begin, horizon, zone);
    return at && *at < kEnd ? std::optional(Instant{microseconds{at->time_since_epoch()}}) : std::nullopt;
}

} // namespace core
