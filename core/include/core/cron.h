#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/export.h"
#include "core/time.h"

namespace date {
class time_zone;
}

namespace core {

struct CronFields;

/// The named zone of the IANA database, also by a name that it had before ("US/Eastern", "Europe/Kiev"); null
/// if there is none of that name. Lives as long as the process.
CORE_EXPORT const date::time_zone* findTimeZone(std::string_view name);

/// When something is done again and again: a schedule of five fields, minute hour day-of-month month
/// day-of-week, in a time zone. docs/schedules.md has it for people; here is what callers rely on.
///
/// Each field is a list of: `*`, `5`, `1-5`, each also with a step as in `*/10`; months and days of the week
/// also by their first three letters, in either case; 0 and 7 are Sunday. A day of month may be `L` (the
/// last), `L-3` (three days before it), `15W` (the workday nearest to the 15th, in the same month) and `LW`
/// (the last workday); a day of week `friL` or `5L` (the last Friday of the month) and `fri#2` (its second
/// one, 1 to 5). Instead of five fields: @hourly @daily @midnight @weekly @monthly @yearly @annually.
///
/// Days, as Debian's crontab(5): where day of month and day of week are both restricted, either is enough. A
/// field that begins with `*` (also as `*/2`) is not restricted: then both must match.
///
/// `H` is a number that is made from the caller's key, so that what shares a schedule does not begin in the
/// same minute: `H`, `H(0-29)`, `H/15` (every fifteen, from a place of its own), `H(0-29)/10`. As a day of
/// month it is from 1 to 28 unless a range says otherwise. One key has the same times on every machine and in
/// every version: the number is the first eight bytes, big-endian, of the SHA-256 of the field's name
/// (`minute`, `hour`, `day of month`, `month`, `day of week`), a line feed and the key; modulo the step where
/// there is one, else modulo the number of values, counted from the first value.
///
/// Daylight saving, as Debian's cron(8): a run whose local time is skipped happens at the moment of the
/// change; a local time that comes twice runs at its first. Schedules whose hour begins with `*` follow the
/// elapsed time. (There a minute that begins with `*` does too; here a run of `*/10 2 * * *` is not lost.)
///
/// Copies are cheap. Thread-safe, as it never changes.
class CORE_EXPORT Cron {
public:
    /// The error is errors::kValidation; its sentence names the field and what is wrong with it. What never
    /// comes (30 February) is refused, and so is what does not come with every key: whether a schedule is
    /// good does not depend on the key.
    static Result<Cron> parse(std::string_view expression, std::string_view key);

    /// The first slot after `after`, on a whole minute of the zone's time. The search covers 100 years, and
    /// no date is rarer than once in 40: nullopt is only the end of what can be written, the year 10000.
    [[nodiscard]] std::optional<Instant> next(Instant after, const date::time_zone& zone) const;

    /// Whether an H stands in it: other keys, other times.
    [[nodiscard]] bool dependsOnKey() const;

private:
    explicit Cron(std::shared_ptr<const CronFields> fields);

    std::shared_ptr<const CronFields> fields_;
};

} // namespace core
