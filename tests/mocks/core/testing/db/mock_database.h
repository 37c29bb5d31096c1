#pragma once

#include <gmock/gmock.h>

#include "core/db/database.h"

namespace core::testkit {

/// For failures that a real database does not show on demand; TemporaryDatabase for everything else.
class MockDatabase : public db::Database {
public:
    MOCK_METHOD(db::Dialect, dialect, (), (const, noexcept, override));
    MOCK_METHOD(std::vector<db::Rows>, run,
                (const db::Context& context, const std::vector<db::Statement>& statements, bool writes),
                (override));
    MOCK_METHOD(void, setAuditWriter, (AuditWriter writer), (override));
    MOCK_METHOD(db::DatabaseStats, stats, (), (const, override));
    MOCK_METHOD(void, ping, (), (override));
    MOCK_METHOD(void, runUnit,
                (const db::Context& context, bool writes, const std::function<void(db::Transaction&)>& work),
                (override));
};

} // namespace core::testkit
