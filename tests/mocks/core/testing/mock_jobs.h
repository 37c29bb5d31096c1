#pragma once

#include <gmock/gmock.h>

#include "core/jobs.h"

namespace core::testkit {

/// For tests that expect certain calls; FakeJobs is better where jobs are to run.
class MockJobs : public Jobs {
public:
    MOCK_METHOD(void, add, (JobSpec spec), (override));
    MOCK_METHOD(void, wake, (const std::string& name), (override));
    MOCK_METHOD(bool, cancel, (const std::string& name), (override));
    MOCK_METHOD(std::vector<JobStats>, stats, (), (const, override));
    MOCK_METHOD(void, stop, (), (noexcept, override));
};

/// For the work of a job, called without a job.
class MockJobRun : public JobRun {
public:
    MOCK_METHOD(const std::stop_token&, stop, (), (const, override));
    MOCK_METHOD(void, report, (std::string text, std::optional<double> fraction), (override));
    MOCK_METHOD(void, fence, (db::Transaction & tx), (const, override));
    MOCK_METHOD(void, runAgainAt, (Instant at), (override));
};

} // namespace core::testkit
