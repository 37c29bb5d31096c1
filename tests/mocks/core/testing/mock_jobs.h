#pragma once

#include <gmock/gmock.h>

#include "core/jobs.h"

namespace core::testkit {

/// For tests that expect certain calls; FakeJobs is better where jobs are to run.
class MockJobs : public Jobs {
public:
    MOCK_METHOD(void, every,
                (std::string name, std::chrono::milliseconds interval,
                 std::function<void(std::stop_token)> work),
                (override));
    MOCK_METHOD(void, wake, (const std::string& name), (override));
    MOCK_METHOD(void, stop, (), (noexcept, override));
};

} // namespace core::testkit
