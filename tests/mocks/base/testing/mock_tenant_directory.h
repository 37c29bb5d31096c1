#pragma once

#include <gmock/gmock.h>

#include "base/tenant_directory.h"

namespace base::testkit {

/// Which tenant an operator means, as a test wants it.
class MockTenantDirectory : public TenantDirectory {
public:
    MOCK_METHOD(core::Uuid, find, (const std::optional<std::string>& named), (override));
};

} // namespace base::testkit
