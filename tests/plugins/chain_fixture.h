#pragma once

#include "integration/agent/agent_fixture.h"
#include "support/restics.h"

namespace test {

using core::json::Array;
using core::json::Object;
using core::json::Value;

/// A real agent with a plugin of ours and what that dumps. One plugin for each test.
class ChainTest : public AgentTest {
protected:
    [[nodiscard]] virtual std::string plugin() const = 0;

    void SetUp() override {
        AgentTest::SetUp();
        initRepository();
    }

    /// An agent that runs, with that restic, the plugin set up by these arguments, and more lines of the
    /// section `restic`.
    void beginWith(const Restic& restic, const std::vector<std::string>& setup, const std::string& more) {
        configure("  binary: " + restic.program + "\n" + more);
        ASSERT_TRUE(enroll().exit.ok());
        std::vector<std::string> arguments{"plugin", "enable", plugin()};
        arguments.insert(arguments.end(), setup.begin(), setup.end());
        const auto enabled = agentCommand(arguments);
        ASSERT_TRUE(enabled.exit.ok()) << enabled.error;
        startAgent();
    }

    Object dumpTask() {
        auto out = backup(newId());
        out.set("plugins", Array{Object{{"name", plugin()}, {"on_error", "fail"}}});
        return out;
    }
    /// Of the kind that brings a dump back or tries it.
    Object onDump(const std::string& type, const Value& dump) {
        auto out = backup(newId());
        out.set("type", type);
        out.set("plugin", plugin());
        for (const auto* name : {"snapshot_id", "file", "database"})
            out.set(name, dump.stringOr(name));
        if (const auto* item = dump.find("item"); item != nullptr && item->object() != nullptr)
            out.set("item", *item->object());
        return out;
    }
    std::size_t dumpsSaved() {
        const auto listed =
            core::json::parse(restic({"snapshots", "--json", "--tag=plugin:" + plugin()}).output);
        return listed ? listed.value().array()->size() : 99;
    }

    /// A process of this test's agent, or of what that has started.
    bool isOfAgent(int pid) const {
        for (int depth = 0; pid > 1 && depth < 8; ++depth) {
            if (agent_ && pid == agent_->pid())
                return true;
            const auto stat = readFile("/proc/" + std::to_string(pid) + "/stat");
            const auto end = stat.rfind(')');
            if (end == std::string::npos)
                return false;
            pid = std::atoi(stat.c_str() + end + 4);
        }
        return false;
    }
};

} // namespace test
