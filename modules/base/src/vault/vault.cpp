#include "vault/vault.h"

#include <array>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/errors.h"
#include "core/encoding.h"
#include "core/gcm.h"
#include "core/random.h"

namespace base {

namespace {

using core::db::Bytes;
using core::db::Transaction;

constexpr std::string_view kCheckText = "the vault opens";
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

Vault::Vault(std::string key, const core::Clock& clock)
    : key_(std::move(key)), keyId_(core::hexEncode(core::sha256("ae-vault-key-id" + key_)).substr(0, 16)),
      clock_(clock) {}

Vault::~Vault() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

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
        const auto nonce = core::gcm::newNonce();
        // Of two hosts that start at once the first one's key counts.
        tx.execute(
            "INSERT INTO vault_check (id, key_id, nonce, ciphertext, created_at_us) VALUES (1, $1, $2, $3, "
            "$4) "
            "ON CONFLICT (id) DO NOTHING",
            {keyId_, Bytes{nonce}, Bytes{core::gcm::seal(key_, nonce, additionalOfCheck(keyId_), kCheckText)},
             clock_.now()});
        return tx.query(kSelectCheck);
    });
    judge(rows[0]);
}

void Vault::judge(const core::db::Row& row) const {
    const bool opens = row.text(0) == keyId_ && core::gcm::open(key_, row.bytes(1), additionalOfCheck(keyId_),
                                                                row.bytes(2)) == kCheckText;
    if (!opens)
        throw sealedError(fmt::format(
            "The encryption key {} does not open the vault of this database, which key {} sealed: start with "
            "the "
            "BACKUP_ENCRYPTION_KEY (or the file keys/encryption-key) that belongs to this database",
            keyId_, row.text(0)));
}

void Vault::put(Transaction& tx, const SecretPlace& place, std::string_view secret) {
    const auto nonce = core::gcm::newNonce();
    const auto now = clock_.now();
    tx.execute(
        "INSERT INTO secrets (id, tenant_id, owner_table, owner_id, field, key_id, nonce, ciphertext, "
        "created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (tenant_id, owner_table, owner_id, field) DO UPDATE SET key_id = excluded.key_id, "
        "nonce = excluded.nonce, ciphertext = excluded.ciphertext, updated_at_us = excluded.updated_at_us",
        {core::Uuid::generate(now), place.tenant, place.table, place.row, place.field, keyId_, Bytes{nonce},
         Bytes{core::gcm::seal(key_, nonce, additional(place, keyId_), secret)}, now, now});
}

std::optional<std::string> Vault::get(Transaction& tx, const SecretPlace& place) {
    const auto rows =
        tx.query("SELECT key_id, nonce, ciphertext FROM secrets WHERE tenant_id = $1 AND owner_table = $2 "
                 "AND owner_id = $3 AND field = $4",
                 {place.tenant, place.table, place.row, place.field});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    auto secret = core::gcm::open(key_, row.bytes(1), additional(place, row.text(0)), row.bytes(2));
    if (!secret)
        throw sealedError(fmt::format("The secret {} of {} {} does not open: {}. Enter it again", place.field,
                                      place.table, place.row.toString(),
                                      row.text(0) == keyId_ ? "it was changed or moved in the database"
                                                            : "it was sealed with another key"));
    return secret;
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
