#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "vault/vault.h"

namespace base {

/// Seals the vault with another key, while hosts are at work. It may end at any moment: whatever it left is
/// usable, and the next run goes on.
///
/// The new key is on disk before anything is sealed with it; then all hosts are told (`vault_check`), then
/// what the old one sealed is sealed again, and only then the files change places.
class VaultRotation {
public:
    /// `keyIsGiven`: the host's own key comes from the settings and not from a file.
    VaultRotation(core::db::Database& database, const KeyRing& keys, const Vault& vault, bool keyIsGiven)
        : database_(database), keys_(keys), vault_(vault), keyIsGiven_(keyIsGiven) {}

    struct Result {
        std::string key; ///< that seals from now on
        std::string before;
        /// Of a key that was only made: the file that all hosts of the database must have before the next
        /// run.
        std::optional<std::string> prepared;
        std::int64_t resealed = 0;
        /// "FIELD of TABLE ROW" of those that no key of this host opens.
        std::vector<std::string> unreadable;
    };
    /// `context`: of the change, for the audit log. `progress` is called with the number of secrets so far.
    /// Throws core::Error.
    Result run(const core::SystemContext& context, const std::function<void(std::int64_t)>& progress) const;

private:
    /// The key to go to: where it is that of the vault already, a rotation goes on.
    [[nodiscard]] std::string target(const std::string& sealedBy, Result& result) const;
    void resealAll(Result& result, const std::function<void(std::int64_t)>& progress) const;

    core::db::Database& database_;
    const KeyRing& keys_;
    const Vault& vault_;
    bool keyIsGiven_;
};

} // namespace base
