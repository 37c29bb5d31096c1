#pragma once

#include <gmock/gmock.h>

#include "core/log.h"

namespace core::testkit {

/// For tests that expect certain lines; TestLog is better where any will do.
class MockLogSink : public LogSink {
public:
    MOCK_METHOD(void, write, (LogLevel level, std::string_view line), (noexcept, override));
};

} // namespace core::testkit
