#include <fmt/format.h>

#include "contract/restic_fixture.h"
#include "support/schema_dump.h"

namespace test {
namespace {

/// The real migrations of host and modules.
class RealMigrations : public BothDatabases {
protected:
    static std::vector<ModuleMigrations> all() {
        return {core::db::coreMigrations(GetParam()),
                {"base", base_migrations(GetParam())},
                {"restic", restic_migrations(GetParam())}};
    }
    static std::vector<ModuleMigrations> upTo(std::vector<ModuleMigrations> modules,
                                              const std::vector<std::size_t>& versions) {
        for (std::size_t i = 0; i < modules.size(); ++i) {
            auto& list = modules[i].list;
            std::sort(list.begin(), list.end(),
                      [](const auto& a, const auto& b) { return a.version < b.version; });
            list.resize(versions[i]);
        }
        return modules;
    }
};
BOTH_DATABASES(RealMigrations);

TEST_P(RealMigrations, LeadFromEveryEarlierStateToTheSameSchema) {
    const auto modules = all();
    TestDatabase fresh{GetParam()};
    applyMigrations(fresh.db(), modules);
    const auto expected = schemaOf(fresh.db());
    ASSERT_GT(expected.size(), 20U);

    // Every version of each module, with the others all at their first or all at their last: nothing between
    // them makes more of a difference, and all combinations are too many for one test. Of the first and last
    // ones all combinations. A module needs those before it.
    int states = 0;
    const auto isBetween = [&](std::size_t module, std::size_t version) {
        return version > 1 && version < modules[module].list.size();
    };
    const auto isLast = [&](std::size_t module, std::size_t version) {
        return version == modules[module].list.size();
    };
    for (std::size_t core = 0; core <= modules[0].list.size(); ++core)
        for (std::size_t base = 0; base <= modules[1].list.size(); ++base)
            for (std::size_t restic = 0; restic <= (base == 0 ? 0 : modules[2].list.size()); ++restic) {
                const int between = isBetween(0, core) + isBetween(1, base) + isBetween(2, restic);
                const int last = isLast(0, core) + isLast(1, base) + isLast(2, restic);
                const int first = (core == 1) + (base == 1) + (restic == 1);
                if (between > 1 || (between == 1 && last != 2 && first != 2))
                    continue;
                SCOPED_TRACE(fmt::format("core {}, base {}, restic {}", core, base, restic));
                TestDatabase earlier{GetParam()};
                const auto begun = applyMigrations(earlier.db(), upTo(modules, {core, base, restic})).size();
                const auto remaining = applyMigrations(earlier.db(), modules).size();
                EXPECT_EQ(begun, core + base + restic);
                EXPECT_EQ(begun + remaining,
                          modules[0].list.size() + modules[1].list.size() + modules[2].list.size());
                EXPECT_EQ(schemaOf(earlier.db()), expected);
                EXPECT_TRUE(applyMigrations(earlier.db(), modules).empty());
                ++states;
            }
    EXPECT_GE(states, static_cast<int>(modules[2].list.size()));
}

} // namespace
} // namespace test
