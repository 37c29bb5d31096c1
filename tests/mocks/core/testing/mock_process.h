#pragma once

#include <gmock/gmock.h>

#include "core/process.h"

namespace core::testkit {

/// A process as a test wants it; ScriptedProcessRunner is better where it has an output.
class MockProcess : public Process {
public:
    MOCK_METHOD(int, pid, (), (const, noexcept, override));
    MOCK_METHOD(std::uint64_t, startTicks, (), (const, noexcept, override));
    MOCK_METHOD(std::optional<ProcessExit>, wait, (std::chrono::milliseconds timeout), (override));
    MOCK_METHOD(void, signal, (int number), (noexcept, override));
    MOCK_METHOD(int, input, (), (const, noexcept, override));
    MOCK_METHOD(void, closeInput, (), (noexcept, override));
    MOCK_METHOD(void, detach, (), (noexcept, override));
    MOCK_METHOD(const std::string&, capturedOutput, (), (const, noexcept, override));
    MOCK_METHOD(const std::string&, capturedError, (), (const, noexcept, override));
    MOCK_METHOD(bool, truncated, (), (const, noexcept, override));
};

} // namespace core::testkit
