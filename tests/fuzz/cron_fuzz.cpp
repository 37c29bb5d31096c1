// Schedules: next() against a reading minute by minute. The moment, the zone and the key come from the
// input's bytes.
#include <array>

#include <date/tz.h>

#include "core/cron.h"
#include "fuzz/oracle.h"
#include "support/slow_cron.h"

using namespace core;
using fuzz::require;

namespace {
constexpr std::array kZones = {"UTC",          "Europe/Berlin",    "America/New_York", "Australia/Lord_Howe",
                               "Asia/Kolkata", "America/St_Johns", "Pacific/Apia",     "America/Sao_Paulo",
                               "US/Eastern",   "Africa/Cairo"};
constexpr int kWindowDays = 40;
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    fuzz::Numbers numbers(input);
    const std::string key = std::to_string(numbers.below(1000));
    const auto cron = Cron::parse(input, key);
    require(cron.ok() == Cron::parse(input, "another").ok(), "a key does not make a schedule good or bad");
    if (!cron) {
        require(cron.error().name() == errors::kValidation.name, "one kind of refusal");
        return 0;
    }
    const test::SlowCron slow(input, key);
    const date::time_zone& zone = *findTimeZone(kZones[numbers.below(kZones.size())]);
    // From 1990 to 2060.
    auto after = date::sys_seconds{std::chrono::seconds{631152000 + numbers.below(2208988800U)}};
    for (int i = 0; i < 3; ++i) {
        const auto next = cron.value().next(Instant{microseconds{after.time_since_epoch()}}, zone);
        const auto expected = slow.next(after, zone, kWindowDays);
        if (!next || next->time_since_epoch() > after.time_since_epoch() + date::days{kWindowDays}) {
            require(!expected, "no slot is passed over");
            if (!next)
                return 0;
        } else {
            require(expected && next->time_since_epoch() == expected->time_since_epoch(), "the first slot");
        }
        require(next->time_since_epoch() > after.time_since_epoch(), "slots rise");
        after = date::sys_seconds{std::chrono::duration_cast<std::chrono::seconds>(next->time_since_epoch())};
    }
    return 0;
}
