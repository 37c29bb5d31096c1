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
    /// A new host that reaches this database at that address.
    void prepare(std::unique_ptr<TestDatabase> database, const std::string& url,
                 const std::string& failpoint = {});
    /// A new host on the embedded database in its data folder.
    void prepareEmbedded();
    /// Ends the host's life as a power failure would, and begins another.
    void restart();
    /// Answers through the host, which is started again as often as it ends.
    ApiAnswer ask(const std::string& method, const std::string& path, const std::string& token,
                  const Value& body, const std::string& key);
    /// The admin's; must succeed.
    Value get(const std::string& path);
    /// Makes the policy's next run due now.
    void makeDue(const std::string& policy);
    bool setNextRun(const std::string& policy, core::Instant at) override;
    /// Plays the story of the seed.
    void play(unsigned seed);
    /// Judges what the host has of the story against what it acknowledged.
    void judge();
    void playAndJudge(unsigned seed) {
        play(seed);
        if (!HasFatalFailure())
            judge();
    }
    /// How often each failpoint was reached; after a life with AE_FAILPOINT=trace.
    std::map<std::string, int> reached();
    [[nodiscard]] int deaths() const noexcept { return deaths_; }
    /// Ends it for good.
    void finish();
    [[nodiscard]] const TestDatabase& database() const { return *database_; }
    [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
    /// How often the host said 503 and was asked again.
    [[nodiscard]] int refusals() const noexcept { return refusals_; }

    void TearDown() override {
        if (database_) // itself, not what stood between it and the host
            useDatabase(database_->url());
        SystemTest::TearDown();
        database_.reset();
    }

    bool mayHangUp_ = false;           ///< a connection without an answer is no death of the host
    std::vector<std::string> wrapper_; ///< a program, with its arguments, that starts the host

private:
    void begin(const std::string& url, const std::string& failpoint);
    void start();
    /// Starts it again if it was killed; else throws with the reason why it was missed.
    void revive(const std::string& why);
    std::vector<Value> all(const std::string& path);

    std::unique_ptr<TestDatabase> database_;
    Ledger ledger_;
    int deaths_ = 0;
    int refusals_ = 0;
};

} // namespace test
