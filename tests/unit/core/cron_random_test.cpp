// Random schedules, zones and times: the search against a reading minute by minute.
#include <array>
#include <chrono>
#include <random>

#include <date/tz.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/cron.h"
#include "support/long_tests.h"
#include "support/slow_cron.h"

namespace core {
namespace {

constexpr std::array kZones{"UTC",
                            "Europe/Berlin",
                            "America/New_York",
                            "Australia/Lord_Howe",
                            "Africa/Casablanca",
                            "Africa/Cairo",
                            "America/Santiago",
                            "Asia/Beirut",
                            "Asia/Gaza",
                            "Asia/Kathmandu",
                            "America/St_Johns",
                            "Pacific/Apia"};
constexpr int kWindowDays = 400;

class Expressions {
public:
    explicit Expressions(std::uint64_t seed) : random_(seed) {}

    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
    bool oneIn(int n) { return below(n) == 0; }

    std::string expression() {
        const std::string minute = field(0, 59, [this] { return hash(0, 59); });
        const std::string hour = field(0, 23, [this] { return hash(0, 23); });
        const std::string day = oneIn(2) ? "*" : field(1, 31, [this] { return dayWord(); });
        const std::string month = oneIn(2) ? "*" : field(1, 12, [this] { return monthWord(); });
        const std::string weekday = oneIn(2) ? "*" : field(0, 7, [this] { return weekdayWord(); });
        return fmt::format("{} {} {} {} {}", minute, hour, day, month, weekday);
    }

private:
    template <class Special>
    std::string field(int low, int high, const Special& special) {
        std::string text;
        const int parts = oneIn(4) ? 2 + below(2) : 1;
        for (int i = 0; i < parts; ++i)
            text += (i > 0 ? "," : "") + (oneIn(3) ? special() : plain(low, high));
        return text;
    }
    std::string plain(int low, int high) {
        const int a = low + below(high - low + 1);
        const int b = a + below(high - a + 1);
        const int step = 1 + below(high);
        switch (below(6)) {
        case 0:
            return "*";
        case 1:
            return fmt::format("*/{}", step);
        case 2:
            return fmt::format("{}-{}", a, b);
        case 3:
            return fmt::format("{}-{}/{}", a, b, step);
        default:
            return std::to_string(a);
        }
    }
    std::string hash(int low, int high) {
        const int a = low + below(high - low + 1);
        const int b = a + below(high - a + 1);
        switch (below(4)) {
        case 0:
            return "H";
        case 1:
            return fmt::format("h({}-{})", a, b);
        case 2:
            return fmt::format("H({}-{})/{}", a, b, 1 + below(std::min(b - a + 1, high)));
        default:
            return fmt::format("H/{}", 1 + below(high - low));
        }
    }
    std::string dayWord() {
        switch (below(5)) {
        case 0:
            return "L";
        case 1:
            return fmt::format("L-{}", 1 + below(30));
        case 2:
            return "lW";
        case 3:
            return fmt::format("{}W", 1 + below(31));
        default:
            return hash(1, 28);
        }
    }
    std::string monthWord() {
        constexpr std::array kNames{"jan", "FEB", "mar", "Apr", "may", "jun",
                                    "jul", "aug", "sep", "oct", "nov", "dec"};
        return oneIn(4) ? hash(1, 12) : kNames.at(static_cast<std::size_t>(below(12)));
    }
    std::string weekdayWord() {
        constexpr std::array kNames{"sun", "Mon", "tue", "wed", "THU", "fri", "sat", "7"};
        const std::string name = kNames.at(static_cast<std::size_t>(below(8)));
        switch (below(4)) {
        case 0:
            return name + "L";
        case 1:
            return fmt::format("{}#{}", name, 1 + below(5));
        case 2:
            return hash(0, 6);
        default:
            return name;
        }
    }

    std::mt19937_64 random_;
};

TEST(CronRandom, TheSearchFindsWhatAWalkFinds) {
    constexpr std::uint64_t kSeed = 51;
    const int wanted = test::longTests() ? 1'000'000 : 20'000;
    Expressions random(kSeed);
    int parsed = 0;
    int found = 0;
    while (parsed < wanted) {
        const std::string text = random.expression();
        const std::string key = std::to_string(random.below(1000));
        const auto cron = Cron::parse(text, key);
        if (!cron) { // what never comes
            ASSERT_NE(std::string(cron.error().what()).find("Correct"), std::string::npos)
                << text << ": " << cron.error().what();
            continue;
        }
        ++parsed;
        const std::string zoneName = kZones.at(static_cast<std::size_t>(random.below(kZones.size())));
        const auto& zone = *findTimeZone(zoneName);
        // From 2000 to 2037, every third one within a day of a change of the zone's offset.
        date::sys_seconds after{std::chrono::seconds{946684800 + std::int64_t{random.below(1'167'609'600)}}};
        if (const auto change = zone.get_info(after).end;
            random.oneIn(3) && change < after + date::days{4000})
            after = change - std::chrono::seconds{random.below(172'800) - 86'400};
        const auto slow = test::SlowCron(text, key).next(after, zone, kWindowDays);
        const auto next = cron.value().next(Instant{microseconds{after.time_since_epoch()}}, zone);
        const auto limit = Instant{microseconds{(after + date::days{kWindowDays}).time_since_epoch()}};
        const auto seen = fmt::format("{} in {} with the key {} after {}", text, zoneName, key,
                                      formatInstant(Instant{microseconds{after.time_since_epoch()}}));
        if (slow) {
            ASSERT_TRUE(next) << seen;
            ASSERT_EQ(*next, Instant{microseconds{slow->time_since_epoch()}})
                << seen << ": " << formatInstant(*next);
            ++found;
        } else {
            ASSERT_TRUE(!next || *next > limit) << seen << ": " << formatInstant(*next);
        }
    }
    EXPECT_GT(found, wanted / 2);
}

} // namespace
} // namespace core
