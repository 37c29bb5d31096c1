#include <regex>

#include "integration/system/agent_fixture.h"

namespace test {
namespace {

/// `ae-backend vault rotate` beside a host that backs up with a password of the vault.
class VaultRotation : public BackupSystemTest {
protected:
    void backsUp(const std::string& when) {
        const auto made = post("/api/v1/restic/tasks",
                               {{"type", "backup"}, {"agent_id", agentId_}, {"policy_id", policyId_}}, 202);
        EXPECT_EQ(outcome(made.stringOr("id")), "success") << when;
    }
    core::ProcessResult rotate(const std::string& failpoint = {}) {
        if (!failpoint.empty())
            environment_["AE_FAILPOINT"] = failpoint;
        auto result = backend({"vault", "rotate"});
        environment_.erase("AE_FAILPOINT");
        return result;
    }
};

TEST_F(VaultRotation, KilledAtEachFailpointLeavesAVaultThatOpens) {
    begin();
    backsUp("before");
    const auto traced = rotate("trace");
    ASSERT_TRUE(traced.exit.ok()) << traced.error;
    EXPECT_NE(traced.output.find("Back up the key now"), std::string::npos) << traced.output;
    static const std::regex kLine("failpoint: ([^\n]+)");
    std::set<std::string> places;
    const auto said = traced.output + traced.error;
    for (auto it = std::sregex_iterator(said.begin(), said.end(), kLine); it != std::sregex_iterator(); ++it)
        places.insert((*it)[1]);
    EXPECT_TRUE(places.contains("before-commit base.vault.rotated")) << testing::PrintToString(places);
    EXPECT_TRUE(places.contains("after-commit base.vault.rotated"));
    EXPECT_TRUE(places.contains("before-commit vault rotation"));
    EXPECT_TRUE(places.contains("after-commit vault rotation"));
    for (const auto& place : places) {
        SCOPED_TRACE(place);
        const auto killed = rotate(place + "=kill:1");
        EXPECT_EQ(killed.exit.signal, SIGKILL);
        backsUp("by the host that was there");
        killBackend();
        startBackend();
        backsUp("by one that starts");
        const auto resumed = rotate();
        ASSERT_TRUE(resumed.exit.ok()) << resumed.error;
        backsUp("when it has gone on");
    }
}

} // namespace
} // namespace test
