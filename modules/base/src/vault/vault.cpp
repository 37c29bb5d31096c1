#include "vault/vault.h"

#include <array>

#include <fmt/format.h>

#include "base/errors.h"
#include "core/encoding.h"
#include "core/gcm.h"
#include "core/random.h"

namespace base {

namespace {

using core::db::Bytes;
using core::db::Transaction;

constexpr std::string_view kCheckText = "the vault opens";
/// Held shared by who seals, alone by who changes the key: nobody seals with the old one afterwards.
constexpr std::int64_t kKeyLock = 7019267299;
constexpr auto kSelectCheck = "SELECT key_id, nonce, ciphertext FROM vault_check WHERE id = 1";

std::string additionalOfCheck(std::string_view keyId) {
    return fmt::format("check|{}", keyId);
}

/// The place as additional data.
std::string additional(const SecretPlace& place, std::string_view keyId) {
    return core::joinWithLengths(
        {place.tenant.toString(), place.table, place.row.toString(), place.field, keyId});
}

core::Error sealedError(const std::string& message) {
    return core::Error(errors::kVaultSealed, message);
}

} // namespace

Vault::Vault(std::shared_ptr<const KeyRing> keys, const core::Clock& clock)
    : keys_(std::move(keys)), clock_(clock) {}

std::optional<std::string> Vault::sealedBy(core::db::Database& database) {
    const auto rows = database.read(core::SystemContext("vault check"),
                                    [](Transaction& tx) { return tx.query(kSelectCheck); });
    return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

void Vault::check(core::db::Database& database) const {
    const auto rows = database.read(core::SystemContext("vault check"),
                                    [](Transaction& tx) { return tx.query(kSelectCheck); });
    if (!rows.empty())
        judge(rows[0]);
}

void Vault::seal(core::db::Database& database) const {
    const auto rows = database.transact(core::SystemContext("vault check"), [&](Transaction& tx) {
        auto found = tx.query(kSelectCheck);
        if (!found.empty())
            return found;
        const auto& own = keys_->ownId();
        const auto nonce = core::gcm::newNonce();
        // Of two hosts that start at once the first one's key counts.
        tx.execute(
            "INSERT INTO vault_check (id, key_id, nonce, ciphertext, created_at_us) VALUES (1, $1, $2, $3, "
            "$4) "
            "ON CONFLICT (id) DO NOTHING",
            {own, Bytes{nonce},
             Bytes{core::gcm::seal(keys_->find(own).value(), nonce, additionalOfCheck(own), kCheckText)},
             clock_.now()});
        return tx.query(kSelectCheck);
    });
    judge(rows[0]);
}

void Vault::judge(const core::db::Row& row) const {
    const auto keyId = row.text(0);
    const auto key = keys_->find(keyId);
    if (!key || core::gcm::open(*key, row.bytes(1), additionalOfCheck(keyId), row.bytes(2)) != kCheckText)
        throw sealedError(fmt::format(
            "The encryption key {} does not open the vault of this database, which key {} sealed: start with "
            "the BACKUP_ENCRYPTION_KEY (or the file keys/encryption-key) that belongs to this database",
            keys_->ownId(), keyId));
}

bool Vault::changeKey(Transaction& tx, const std::string& from, const std::string& to) const {
    if (tx.dialect() == core::db::Dialect::postgresql)
        tx.query("SELECT pg_advisory_xact_lock($1)", {kKeyLock});
    const auto nonce = core::gcm::newNonce();
    return tx.execute(
               "UPDATE vault_check SET key_id = $2, nonce = $3, ciphertext = $4 WHERE id = 1 AND key_id = $1",
               {from, to, Bytes{nonce},
                Bytes{core::gcm::seal(keys_->find(to).value(), nonce, additionalOfCheck(to), kCheckText)}}) ==
           1;
}

std::string Vault::keyToSealWith(Transaction& tx) const {
    if (tx.dialect() == core::db::Dialect::postgresql)
        tx.query("SELECT pg_advisory_xact_lock_shared($1)", {kKeyLock});
    const auto rows = tx.query("SELECT key_id FROM vault_check WHERE id = 1");
    return rows.empty() ? keys_->ownId() : rows[0].text(0);
}

void Vault::put(Transaction& tx, const SecretPlace& place, std::string_view secret) {
    const auto keyId = keyToSealWith(tx);
    const auto key = keys_->find(keyId);
    if (!key)
        throw sealedError(
            fmt::format("The vault is sealed with the key {}, which this host does not have: give it "
                        "to the host and start it again",
                        keyId));
    const auto nonce = core::gcm::newNonce();
    const auto now = clock_.now();
    tx.execute(
        "INSERT INTO secrets (id, tenant_id, owner_table, owner_id, field, key_id, nonce, ciphertext, "
        "created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (tenant_id, owner_table, owner_id, field) DO UPDATE SET key_id = excluded.key_id, "
        "nonce = excluded.nonce, ciphertext = excluded.ciphertext, updated_at_us = excluded.updated_at_us",
        {core::Uuid::generate(now), place.tenant, place.table, place.row, place.field, keyId, Bytes{nonce},
         Bytes{core::gcm::seal(*key, nonce, additional(place, keyId), secret)}, now, now});
}

std::optional<std::string> Vault::get(Transaction& tx, const SecretPlace& place) {
    const auto rows =
        tx.query("SELECT key_id, nonce, ciphertext FROM secrets WHERE tenant_id = $1 AND owner_table = $2 "
                 "AND owner_id = $3 AND field = $4",
                 {place.tenant, place.table, place.row, place.field});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    const auto keyId = row.text(0);
    const auto key = keys_->find(keyId);
    auto secret =
        key ? core::gcm::open(*key, row.bytes(1), additional(place, keyId), row.bytes(2)) : std::nullopt;
    if (!secret)
        throw sealedError(
            fmt::format("The secret {} of {} {} does not open: {}. Enter it again", place.field, place.table,
                        place.row.toString(),
                        key ? "it was changed or moved in the database"
                            : "it was sealed with the key " + keyId + ", which this host does not have"));
    return secret;
}

std::vector<Vault::Sealed> Vault::sealedByOthers(Transaction& tx, const std::string& keyId,
                                                 const std::optional<core::Uuid>& after, int limit) {
    std::vector<Sealed> found;
    for (const auto& row : tx.query(
             "SELECT id, tenant_id, owner_table, owner_id, field, key_id, nonce, ciphertext FROM secrets "
             "WHERE key_id <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
             {keyId, after, std::int64_t{limit}}))
        found.push_back({row.uuid(0), row.uuid(1), row.text(2), row.uuid(3), row.text(4), row.text(5),
                         std::string(row.bytes(6)), std::string(row.bytes(7))});
    return found;
}

bool Vault::reseal(Transaction& tx, const Sealed& secret, const std::string& keyId) const {
    const SecretPlace place{secret.tenant, secret.table, secret.row, secret.field};
    const auto before = keys_->find(secret.keyId);
    const auto text =
        before ? core::gcm::open(*before, secret.nonce, additional(place, secret.keyId), secret.ciphertext)
               : std::nullopt;
    if (!text)
        return false;
    const auto nonce = core::gcm::newNonce();
    tx.execute("UPDATE secrets SET key_id = $2, nonce = $3, ciphertext = $4 WHERE id = $1 AND nonce = $5",
               {secret.id, keyId, Bytes{nonce},
                Bytes{core::gcm::seal(keys_->find(keyId).value(), nonce, additional(place, keyId), *text)},
                Bytes{secret.nonce}});
    return true;
}

std::vector<std::string> Vault::fields(Transaction& tx, const core::Uuid& tenant, std::string_view table,
                                       const core::Uuid& row) {
    std::vector<std::string> names;
    for (const auto& found :
         tx.query("SELECT field FROM secrets WHERE tenant_id = $1 AND owner_table = $2 AND "
                  "owner_id = $3 ORDER BY field",
                  {tenant, table, row}))
        names.push_back(found.text(0));
    return names;
}

void Vault::erase(Transaction& tx, const SecretPlace& place) {
    tx.execute(
        "DELETE FROM secrets WHERE tenant_id = $1 AND owner_table = $2 AND owner_id = $3 AND field = $4",
        {place.tenant, place.table, place.row, place.field});
}

void Vault::eraseRow(Transaction& tx, const core::Uuid& tenant, std::string_view table,
                     const core::Uuid& row) {
    tx.execute("DELETE FROM secrets WHERE tenant_id = $1 AND owner_table = $2 AND owner_id = $3",
               {tenant, table, row});
}

} // namespace base
