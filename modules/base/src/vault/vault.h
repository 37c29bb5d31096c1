#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/secret_vault.h"
#include "core/time.h"
#include "vault/key_ring.h"

namespace base {

class Vault final : public SecretVault {
public:
    /// `clock` must outlive this.
    Vault(std::shared_ptr<const KeyRing> keys, const core::Clock& clock);

    /// Names the key that sealed the vault of this database; nullopt where none did.
    static std::optional<std::string> sealedBy(core::db::Database& database);

    /// Proves that this host has the key that sealed the vault of this database, if one did. Throws
    /// core::Error(errors::kVaultSealed).
    void check(core::db::Database& database) const;
    /// The same; where none did, the host's own does.
    void seal(core::db::Database& database) const;
    /// From now on all hosts seal with `to`, which this host must have. False if `from` no longer is the key
    /// that they seal with.
    bool changeKey(core::db::Transaction& tx, const std::string& from, const std::string& to) const;

    /// A secret as it is stored.
    struct Sealed {
        core::Uuid id;
        core::Uuid tenant;
        std::string table;
        core::Uuid row;
        std::string field;
        std::string keyId;
        std::string nonce;
        std::string ciphertext;
    };
    /// Some of those that another key than that one sealed, by id, those behind `after`; in a system context.
    static std::vector<Sealed> sealedByOthers(core::db::Transaction& tx, const std::string& keyId,
                                              const std::optional<core::Uuid>& after, int limit);
    /// Seals it with that key, unless somebody stored another one meanwhile. False if it does not open here.
    bool reseal(core::db::Transaction& tx, const Sealed& secret, const std::string& keyId) const;

    void put(core::db::Transaction& tx, const SecretPlace& place, std::string_view secret) override;
    std::optional<std::string> get(core::db::Transaction& tx, const SecretPlace& place) override;
    std::vector<std::string> fields(core::db::Transaction& tx, const core::Uuid& tenant,
                                    std::string_view table, const core::Uuid& row) override;
    void erase(core::db::Transaction& tx, const SecretPlace& place) override;
    void eraseRow(core::db::Transaction& tx, const core::Uuid& tenant, std::string_view table,
                  const core::Uuid& row) override;

private:
    void judge(const core::db::Row& check) const;
    /// The key that all hosts seal with until the transaction ends.
    [[nodiscard]] std::string keyToSealWith(core::db::Transaction& tx) const;

    std::shared_ptr<const KeyRing> keys_;
    const core::Clock& clock_;
};

} // namespace base
