#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/db/open.h"
#include "fault/story.h"
#include "integration/system/system_fixture.h"

namespace test {

/// How many seeds each scenario is played with: AE_TEST_SEEDS, else one.
unsigned seeds();

/// The real host, which may end at any moment and is then started again, and what must hold in the end
/// whatever happened on the way.
class FaultyHost : public SystemTest {
protected:
    /// A new host with an empty database. `failpoint` is for its first life only.
    void prepare(core::db::Dialect dialect, const std::string& failpoint);
    /// Answers through the host, which is started again as often as it ends.
    ApiAnswer ask(const std::string& method, const std::string& path, const std::string& token,
                  const Value& body, const std::string& key);
    /// The admin's; must succeed.
    Value get(const std::string& path);
    /// Makes the policy's next run due now.
    void makeDue(const std::string& policy);
    /// Plays the story of the seed and judges what is left of it.
    void playAndJudge(unsigned seed);
    /// How often each failpoint was reached; after a life with AE_FAILPOINT=trace.
    std::map<std::string, int> reached();
    [[nodiscard]] int deaths() const noexcept { return deaths_; }
    /// Ends it for good.
    void finish();

    void TearDown() override {
        SystemTest::TearDown();
        database_.reset();
    }

private:
    void start();
    void revive();
    void judge(const Story& story);
    std::vector<Value> all(const std::string& path);

    std::unique_ptr<TestDatabase> database_;
    int deaths_ = 0;
};

} // namespace test
