#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace base {

/// The keys of the vault that this host has, each under the name that rows know it by: its own, the one
/// before it, and those beside it in the folder of keys. A key that somebody else put there meanwhile is
/// found when it is first asked for. Thread-safe.
class KeyRing {
public:
    /// `own` and `others` have 32 bytes each. `folder`: where further ones may lie, see `furtherKeys()`.
    explicit KeyRing(std::string own, std::vector<std::string> others = {},
                     std::filesystem::path folder = {});
    ~KeyRing();
    KeyRing(const KeyRing&) = delete;
    KeyRing& operator=(const KeyRing&) = delete;

    /// What rows and people call a key: 16 hex digits that say nothing of it.
    static std::string idOf(const std::string& key);

    /// Of the key that this host was given, or has in keys/encryption-key.
    [[nodiscard]] const std::string& ownId() const noexcept { return ownId_; }
    /// Nullopt if this host does not have it. Throws core::Error(kUnavailable) for an unusable file.
    [[nodiscard]] std::optional<std::string> find(const std::string& id) const;
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    std::string ownId_;
    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::string> keys_;
};

/// Files of further keys in the folder: `encryption-key.ID` is one that a rotation goes to,
/// `encryption-key.ID.old` one that it came from and that backups of the database may still need.
struct FurtherKey {
    std::string id;
    bool old = false;
    std::filesystem::path file;
};
std::vector<FurtherKey> furtherKeys(const std::filesystem::path& folder);

} // namespace base
