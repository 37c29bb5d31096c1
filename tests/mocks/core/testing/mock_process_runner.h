#pragma once

#include <gmock/gmock.h>

#include "core/process.h"

namespace core::testkit {

/// For tests that expect certain starts; ScriptedProcessRunner is better where output is to be read.
class MockProcessRunner : public ProcessRunner {
public:
    MOCK_METHOD(Result<std::unique_ptr<Process>>, start, (const ProcessSpec& spec), (override));
    MOCK_METHOD(std::unique_ptr<Process>, adopt, (int pid, std::uint64_t startTicks), (override));
};

} // namespace core::testkit
