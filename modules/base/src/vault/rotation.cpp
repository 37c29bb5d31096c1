#include "vault/rotation.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "core/error.h"
#include "vault/keys.h"

namespace base {

namespace fs = std::filesystem;
using core::db::Transaction;

namespace {
constexpr int kBatch = 100;

fs::path fileOf(const fs::path& folder, const std::string& id) {
    return folder / fmt::format("{}.{}", kVaultKeyFile, id);
}

/// Puts the key of the vault into keys/encryption-key, and what was there beside it.
void exchangeFiles(const fs::path& folder, const std::string& id) {
    const auto own = findKey(folder, kVaultKeyFile);
    const auto fresh = fileOf(folder, id);
    if (!own || KeyRing::idOf(*own) == id || !fs::exists(fresh))
        return;
    linkPrivateFile(folder / kVaultKeyFile, fileOf(folder, KeyRing::idOf(*own)).string() + ".old");
    movePrivateFile(fresh, folder / kVaultKeyFile);
}
} // namespace

VaultRotation::Result VaultRotation::run(const core::SystemContext& context,
                                         const std::function<void(std::int64_t)>& progress) const {
    const auto sealedBy = Vault::sealedBy(database_);
    if (!sealedBy)
        throw core::Error(core::errors::kConflict, "The vault is not sealed yet: start the host once.");
    vault_.check(database_);
    Result result;
    result.before = *sealedBy;
    result.key = target(*sealedBy, result);
    if (result.prepared)
        return result;
    if (result.key != *sealedBy && !database_.transact(context, [&](Transaction& tx) {
            return vault_.changeKey(tx, *sealedBy, result.key);
        }))
        throw core::Error(core::errors::kConflict,
                          "Another rotation has begun; run this again when it has ended.");
    resealAll(result, progress);
    if (!keyIsGiven_)
        exchangeFiles(keys_.folder(), result.key);
    return result;
}

std::string VaultRotation::target(const std::string& sealedBy, Result& result) const {
    if (keyIsGiven_) {
        const bool isBehind =
            !database_
                 .read(core::SystemContext("vault rotation"),
                       [&](Transaction& tx) { return Vault::sealedByOthers(tx, sealedBy, std::nullopt, 1); })
                 .empty();
        if (keys_.ownId() == sealedBy && !isBehind)
            throw core::Error(
                core::errors::kConflict,
                fmt::format("The vault is sealed with the BACKUP_ENCRYPTION_KEY of this host ({}) already. "
                            "Give every host a new key as that, and the present one as "
                            "BACKUP_ENCRYPTION_KEY_BEFORE; start them again; then run this.",
                            sealedBy));
        return keys_.ownId();
    }
    if (keys_.ownId() != sealedBy)
        return sealedBy; // it was interrupted before the files changed places
    const auto further = furtherKeys(keys_.folder());
    const auto next =
        std::find_if(further.begin(), further.end(), [](const FurtherKey& key) { return !key.old; });
    if (next != further.end())
        return next->id;
    const auto made = makeKey();
    const auto id = KeyRing::idOf(made);
    writeKey(fileOf(keys_.folder(), id), made);
    if (database_.dialect() == core::db::Dialect::postgresql)
        result.prepared = fileOf(keys_.folder(), id).string();
    return id;
}

void VaultRotation::resealAll(Result& result, const std::function<void(std::int64_t)>& progress) const {
    const core::SystemContext context("vault rotation");
    std::optional<core::Uuid> last;
    for (;;) {
        const auto batch = database_.read(
            context, [&](Transaction& tx) { return Vault::sealedByOthers(tx, result.key, last, kBatch); });
        if (batch.empty())
            return;
        last = batch.back().id;
        const auto unreadable = database_.transact(context, [&](Transaction& tx) {
            std::vector<std::string> names;
            for (const auto& secret : batch)
                if (!vault_.reseal(tx, secret, result.key))
                    names.push_back(
                        fmt::format("{} of {} {}", secret.field, secret.table, secret.row.toString()));
            return names;
        });
        result.resealed += static_cast<std::int64_t>(batch.size() - unreadable.size());
        result.unreadable.insert(result.unreadable.end(), unreadable.begin(), unreadable.end());
        progress(result.resealed);
    }
}

} // namespace base
