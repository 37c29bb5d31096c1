#pragma once

#include <gmock/gmock.h>

#include "core/module/module.h"

namespace core::testkit {

/// For parts that take a context; TestHost is better for whole modules.
class MockModuleContext : public ModuleContext {
public:
    MOCK_METHOD(const config::Config&, config, (), (const, override));
    MOCK_METHOD(const Logger&, log, (), (const, override));
    MOCK_METHOD(const Clock&, clock, (), (const, override));
    MOCK_METHOD(db::Database&, database, (), (override));
    MOCK_METHOD(event::Bus&, events, (), (override));
    MOCK_METHOD(Services&, services, (), (override));
    MOCK_METHOD(Jobs&, jobs, (), (override));
    MOCK_METHOD(WorkQueues&, workQueues, (), (override));
    MOCK_METHOD(http::Authentication&, authentication, (), (override));
    MOCK_METHOD(metrics::Registry&, metrics, (), (override));
    MOCK_METHOD(Wakeups&, wakeups, (), (override));
    MOCK_METHOD(const std::filesystem::path&, dataDir, (), (const, override));
};

} // namespace core::testkit
