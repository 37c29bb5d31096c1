#include "schedule/zone_links.h"

#include <fstream>
#include <sstream>

#include <date/tz.h>
#include <gtest/gtest.h>

#include "core/cron.h"

namespace core {
namespace {

TEST(ZoneLinks, FollowsALinkAndALinkOfALinkAndNoCircle) {
    std::istringstream list("# version 2026a\n"
                            "Z Europe/Kyiv 2:2:4 - LMT 1880\n"
                            "L Europe/Kyiv Europe/Kiev\n"
                            "L America/New_York US/Eastern\n"
                            "Link Asia/Kolkata Asia/Calcutta\n"
                            "L US/Eastern EST5\n"
                            "L B A\nL A B\n"
                            "L broken\n");
    const ZoneLinks links(list);
    EXPECT_EQ(links.zoneOf("Europe/Kiev"), "Europe/Kyiv");
    EXPECT_EQ(links.zoneOf("US/Eastern"), "America/New_York");
    EXPECT_EQ(links.zoneOf("Asia/Calcutta"), "Asia/Kolkata");
    EXPECT_EQ(links.zoneOf("EST5"), "America/New_York");
    EXPECT_EQ(links.zoneOf("A"), std::nullopt);
    EXPECT_EQ(links.zoneOf("Europe/Kyiv"), std::nullopt);
    EXPECT_EQ(links.zoneOf(""), std::nullopt);
}

TEST(ZoneLinks, ZonesAreFoundByEachOfTheirNames) {
    const auto now = date::sys_days{date::year{2026} / 7 / 1};
    for (const auto& [name, zone] : {std::pair{"Europe/Kiev", "Europe/Kyiv"},
                                     {"US/Eastern", "America/New_York"},
                                     {"Asia/Calcutta", "Asia/Kolkata"},
                                     {"America/Godthab", "America/Nuuk"}}) {
        const auto* found = findTimeZone(name);
        ASSERT_NE(found, nullptr) << name;
        EXPECT_EQ(found->get_info(now).offset, findTimeZone(zone)->get_info(now).offset) << name;
    }
}

/// Of a system whose files of old names were left out (Debian 13 has them in a package of their own).
TEST(ZoneLinks, EachLinkOfTheSystemsListLeadsToAZone) {
    std::ifstream list("/usr/share/zoneinfo/tzdata.zi");
    ASSERT_TRUE(list) << "the package tzdata has this file";
    int count = 0;
    for (std::string line; std::getline(list, line);) {
        std::istringstream words(line);
        std::string kind, target, name;
        if (!(words >> kind >> target >> name) || kind != "L")
            continue;
        const auto zone = ZoneLinks::installed().zoneOf(name);
        ASSERT_TRUE(zone) << name;
        EXPECT_NE(findTimeZone(*zone), nullptr) << *zone;
        EXPECT_NE(findTimeZone(name), nullptr) << name;
        ++count;
    }
    EXPECT_GT(count, 50);
}

} // namespace
} // namespace core
