#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace base {

/// A key that the host uses, and how it came by it.
struct Key {
    std::string bytes;
    bool made = false;          ///< by this call: say that the file needs a backup
    std::filesystem::path file; ///< empty if it was given
};

/// The vault's key in the folder of keys.
inline constexpr const char* kVaultKeyFile = "encryption-key";

/// The 32 bytes of BACKUP_ENCRYPTION_KEY from base64 or hex. Throws core::Error(kValidation) with a sentence.
std::string parseEncryptionKey(const std::string& text);

/// The key kept in `folder`/`name`; nullopt if there is none. Throws core::Error(kUnavailable) if it is
/// unusable.
std::optional<std::string> findKey(const std::filesystem::path& folder, const std::string& name);

/// The key kept in `folder`/`name`, made (0600) if it is missing; of two processes that make it at once both
/// use the same. The file holds 32 random bytes as base64url. Throws core::Error(kUnavailable).
Key keepKey(const std::filesystem::path& folder, const std::string& name);

/// 32 random bytes.
std::string makeKey();
/// Keeps a key in a file of its own (0600) that must not exist. Throws core::Error(kUnavailable).
void writeKey(const std::filesystem::path& file, const std::string& key);
/// Gives a private file a second name; nothing where that name exists. Throws core::Error(kUnavailable).
void linkPrivateFile(const std::filesystem::path& file, const std::filesystem::path& name);
/// Moves it over another one, so that a crash leaves the old or the new one. Throws
/// core::Error(kUnavailable).
void movePrivateFile(const std::filesystem::path& from, const std::filesystem::path& to);

/// Writes a private file (0600) so that a crash leaves the old one or the whole new one.
void writePrivateFile(const std::filesystem::path& file, const std::string& text);

} // namespace base
