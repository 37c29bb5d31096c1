#pragma once

#include <gmock/gmock.h>

#include "core/db/database.h"

namespace core::testkit {

/// For failures that a real database does not show on demand; TemporaryDatabase for everything else.
class MockTransaction : public db::Transaction {
public:
    MOCK_METHOD(db::Rows, query, (std::string_view sql, const db::Params& params), (override));
    MOCK_METHOD(std::vector<db::Rows>, batch, (const std::vector<db::Statement>& statements), (override));
    MOCK_METHOD(db::Dialect, dialect, (), (const, noexcept, override));
    MOCK_METHOD(const Uuid&, tenant, (), (const, override));
    MOCK_METHOD(void, afterCommit, (std::function<void()> action), (override));
};

} // namespace core::testkit
