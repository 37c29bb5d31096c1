#pragma once

#include <optional>
#include <string>

#include "base/secret_vault.h"
#include "core/time.h"

namespace base {

class Vault final : public SecretVault {
public:
    /// `key` has 32 bytes. `clock` must outlive this.
    Vault(std::string key, const core::Clock& clock);
    ~Vault() override;

    /// Names the key that sealed the vault of this database; nullopt where none did.
    static std::optional<std::string> sealedBy(core::db::Database& database);

    /// Proves that the key is the one that sealed the vault of this database, if one did. Throws
    /// core::Error(errors::kVaultSealed).
    void check(core::db::Database& database) const;
    /// The same; where none did, this one does.
    void seal(core::db::Database& database) const;

    void put(core::db::Transaction& tx, const SecretPlace& place, std::string_view secret) override;
    std::optional<std::string> get(core::db::Transaction& tx, const SecretPlace& place) override;
    std::vector<std::string> fields(core::db::Transaction& tx, const core::Uuid& tenant,
                                    std::string_view table, const core::Uuid& row) override;
    void erase(core::db::Transaction& tx, const SecretPlace& place) override;
    void eraseRow(core::db::Transaction& tx, const core::Uuid& tenant, std::string_view table,
                  const core::Uuid& row) override;

private:
    void judge(const core::db::Row& check) const;

    std::string key_;
    std::string keyId_;
    const core::Clock& clock_;
};

} // namespace base
