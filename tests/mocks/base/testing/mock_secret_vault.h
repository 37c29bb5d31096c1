#pragma once

#include <gmock/gmock.h>

#include "base/secret_vault.h"

namespace base::testkit {

/// The vault's interface.
class MockSecretVault : public SecretVault {
public:
    MOCK_METHOD(void, put, (core::db::Transaction & tx, const SecretPlace& place, std::string_view secret),
                (override));
    MOCK_METHOD(std::optional<std::string>, get, (core::db::Transaction & tx, const SecretPlace& place),
                (override));
    MOCK_METHOD(std::vector<std::string>, fields,
                (core::db::Transaction & tx, const core::Uuid& tenant, std::string_view table,
                 const core::Uuid& row),
                (override));
    MOCK_METHOD(void, erase, (core::db::Transaction & tx, const SecretPlace& place), (override));
    MOCK_METHOD(void, eraseRow,
                (core::db::Transaction & tx, const core::Uuid& tenant, std::string_view table,
                 const core::Uuid& row),
                (override));
};

} // namespace base::testkit
