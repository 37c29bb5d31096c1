#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "integration/system/api_client.h"
#include "support/long_tests.h"

namespace test {

/// What a process holds now.
struct ProcessUse {
    double residentBytes = 0;
    double descriptors = 0;
    double threads = 0;
};

inline ProcessUse useOf(int pid) {
    const std::filesystem::path folder = "/proc/" + std::to_string(pid);
    const auto entries = [&](const char* name) {
        return static_cast<double>(std::distance(std::filesystem::directory_iterator(folder / name), {}));
    };
    std::ifstream statm(folder / "statm");
    double total = 0, resident = 0;
    statm >> total >> resident;
    return {resident * static_cast<double>(::sysconf(_SC_PAGESIZE)), entries("fd"), entries("task")};
}

inline std::string bearer(const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
}

/// An agent that only its own protocol knows: whoever has this may speak for it.
struct FakeAgent {
    std::string id;
    std::string token;
    [[nodiscard]] std::string poll(int seconds) const {
        return "/api/v1/restic/agents/" + id + "/tasks?wait=" + std::to_string(seconds);
    }
};

/// Enrols so many.
inline std::vector<FakeAgent> enrolAgents(ApiClient& api, const std::string& admin, int count) {
    using core::json::Object;
    const auto registration =
        api.post("/api/v1/restic/agents/registration-tokens", admin, Object{{"max_uses", count}});
    EXPECT_EQ(registration.status, 201) << registration.body;
    std::vector<FakeAgent> agents;
    for (int i = 0; i < count; ++i) {
        const auto answer = api.post("/api/v1/restic/agents/register", registration.json.stringOr("token"),
                                     Object{{"hostname", "fake-" + std::to_string(i)},
                                            {"os", "linux"},
                                            {"arch", "amd64"},
                                            {"version", "1.0.0"}});
        if (answer.status != 201)
            throw std::runtime_error("an agent is not taken: " + answer.body);
        agents.push_back({answer.json.stringOr("agentId"), answer.json.stringOr("token")});
    }
    return agents;
}

/// A sample of /metrics, by its name with labels as it is written there; throws if there is none.
inline double metric(ApiClient& api, const std::string& admin, const std::string& name) {
    const auto page = "\n" + api.get("/metrics", admin).body;
    const auto at = page.find("\n" + name + " ");
    if (at == std::string::npos)
        throw std::runtime_error("there is no metric " + name);
    return std::stod(page.substr(at + name.size() + 2));
}

} // namespace test
