#pragma once

#include <gmock/gmock.h>

#include "core/work_queue.h"

namespace core::testkit {

/// For tests that expect certain calls; FakeWorkQueues is better where work is to run.
class MockWorkQueue : public WorkQueue {
public:
    MOCK_METHOD(Submitted, submit, (Work work), (override));
    MOCK_METHOD(WorkQueueStats, stats, (), (const, override));
};

class MockWorkQueues : public WorkQueues {
public:
    MOCK_METHOD(WorkQueue&, add, (WorkQueueSpec spec), (override));
    MOCK_METHOD(std::vector<WorkQueueStats>, stats, (), (const, override));
};

} // namespace core::testkit
