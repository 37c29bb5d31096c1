#pragma once

#include <gmock/gmock.h>

#include "base/tenant_limits.h"

namespace base::testkit {

/// How many things a tenant may have, as a test wants it.
class MockTenantLimits : public TenantLimits {
public:
    MOCK_METHOD(Limits, get, (core::db::Transaction & tx, const core::Uuid& tenant), (override));
    MOCK_METHOD(Limits, getForCreation, (core::db::Transaction & tx, const core::Uuid& tenant), (override));
};

} // namespace base::testkit
