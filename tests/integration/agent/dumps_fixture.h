#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "agent_fixture.h"
#include "support/restics.h"

namespace test {

using core::json::Array;
using core::json::Object;
using core::json::Value;

/// A real agent with a plugin that does what its settings say, with each restic.
class DumpsTest : public AgentTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override {
        AgentTest::SetUp();
        set({});
        initRepository();
    }

    /// Settings of the plugin on this machine, as lines of the configuration.
    void set(const std::vector<std::string>& settings, const std::string& more = {}, bool enabled = true) {
        std::string text = "  binary: " + GetParam().program + "\ndumps:\n  stall_timeout: 3s\n";
        text += "  probe_timeout: 3s\n  plugin_memory: 300MiB\nplugins:\n  trouble:\n    enabled: ";
        text += enabled ? "true\n" : "false\n";
        text += "    password: " + std::string(kCanary) + "\n";
        for (const auto& setting : settings)
            text += "    " + setting + "\n";
        configure(text + more);
        environment_ = kEnvironment;
        environment_["RESTIC_AGENT_PLUGIN_PATH"] = std::string(AE_BUILD_DIR) + "/tests/agent_plugins";
    }

    void start() {
        const auto result = enroll();
        ASSERT_TRUE(result.exit.ok()) << result.error;
        startWithPlugins();
    }
    void startWithPlugins() {
        auto spec = command({"run"});
        spec.environment = environment_;
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "agent.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "agent.log");
        agent_ = std::move(runner_.start(spec)).value();
    }

    /// The next agent takes what is sent from now on: the dead one's poll is no longer parked.
    void startAgain() {
        const auto polls = server_.polls().size();
        startWithPlugins();
        ASSERT_TRUE(await([&] { return server_.polls().size() > polls; }));
    }

    Object payload(const std::string& onError = "fail", Object settings = {}) {
        auto task = backup(newId());
        task.set(
            "plugins",
            Array{Object{{"name", "trouble"}, {"settings", std::move(settings)}, {"on_error", onError}}});
        return task;
    }
    /// Sends a task whose dump is slow, and waits until restic is at it; the id of the task.
    std::string sendUntilSaving(const Object& task) {
        server_.sendTask(task);
        EXPECT_TRUE(await([&] { return trace().find("dump shop") != std::string::npos && locks() == 1; },
                          std::chrono::seconds(20)));
        return Value(task).stringOr("task_id");
    }
    /// Paths of the snapshots that restic lists.
    std::vector<std::string> saved() {
        std::vector<std::string> out;
        const auto listed = core::json::parse(restic({"snapshots", "--json"}).output);
        if (listed)
            for (const auto& snapshot : *listed.value().array())
                out.push_back(*snapshot.find("paths")->array()->front().string());
        std::sort(out.begin(), out.end());
        return out;
    }
    std::string trace() { return readFile(state_ / "plugins/trouble/kept/trace"); }
    bool nothingIsLeft() {
        std::error_code ignored;
        return std::filesystem::is_empty(state_ / "plugins/.work", ignored) && marks() == 0;
    }
    /// Runs that may have left something.
    std::size_t marks() {
        std::size_t count = 0;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(state_ / "plugins/trouble", ignored))
            count += entry.path().filename().string().starts_with("begun") ? 1 : 0;
        return count;
    }

    static constexpr auto kCanary = "zaq12wsx-plugin-canary";
    std::map<std::string, std::string> environment_;
};

} // namespace test
