#pragma once

#include <gmock/gmock.h>

#include "core/module/module.h"

namespace core::testkit {

/// For tests of what calls modules.
class MockModule : public Module {
public:
    MOCK_METHOD(std::string_view, name, (), (const, override));
    MOCK_METHOD(std::string_view, version, (), (const, override));
    MOCK_METHOD(std::vector<Dependency>, dependencies, (), (const, override));
    MOCK_METHOD(std::vector<config::Setting>, settings, (), (const, override));
    MOCK_METHOD(std::vector<db::Migration>, migrations, (db::Dialect dialect), (const, override));
    MOCK_METHOD(std::vector<Entity>, entities, (), (const, override));
    MOCK_METHOD(std::vector<Command>, commands, (), (override));
    MOCK_METHOD(void, initialize, (ModuleContext & context), (override));
    MOCK_METHOD(std::vector<http::Route>, routes, (), (override));
    MOCK_METHOD(std::vector<EventHandler>, eventHandlers, (), (override));
    MOCK_METHOD(std::vector<HealthCheck>, healthChecks, (), (override));
    MOCK_METHOD(void, start, (), (override));
    MOCK_METHOD(void, stop, (), (noexcept, override));
    MOCK_METHOD(std::vector<event::Declaration>, events, (), (const, override));
};

} // namespace core::testkit
