#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/system/system_fixture.h"

namespace test {

using ::testing::HasSubstr;
using ::testing::Not;

/// The host that was installed into the prefix, with whatever modules a test adds.
class SdkTest : public SystemTest {
protected:
    SdkTest() { program_ = (prefix() / "bin/ae-backend").string(); }

    static std::filesystem::path folder() { return SDK_DIR; }
    static std::filesystem::path prefix() { return SDK_PREFIX; }
    static std::filesystem::path source() { return AE_SOURCE_DIR; }

    core::ProcessResult shell(const std::string& command) {
        core::ProcessSpec spec;
        spec.program = "/bin/sh";
        spec.arguments = {"-c", command};
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}};
        spec.workingDirectory = dir_.path();
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(100);
        return runner_.run(spec).value();
    }
    void useModule(const std::filesystem::path& build) {
        environment_["AE_MODULE_PATH"] = (build / "lib/ae-backend/modules").string();
    }
    /// What GET /api/v1/modules says of a module.
    Value module(const std::string& id) {
        const auto modules = get("/api/v1/modules");
        for (const auto& one : *modules.find("items")->array())
            if (one.stringOr("id") == id)
                return one;
        return {};
    }
    static std::string answerOf(const core::ProcessResult& result) { return result.output + result.error; }
};

} // namespace test
