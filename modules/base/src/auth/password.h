#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

/// People's passwords: bcrypt. Slow by intent, so call it on the blocking executor. Thread-safe.
class PasswordHasher {
public:
    /// `cost` is the base-2 logarithm of the rounds.
    explicit PasswordHasher(int cost = 12);

    /// Throws core::Error(kUnavailable) if the system's crypt refuses.
    [[nodiscard]] std::string hash(std::string_view password) const;
    /// Without a hash (there is no such user) it takes as long as with one, and says no.
    [[nodiscard]] bool verify(std::string_view password, const std::optional<std::string>& hash) const;

    /// What is wrong with a new password, or nullopt: at least 10 characters, at most 72 bytes.
    [[nodiscard]] static std::optional<std::string> problemWith(std::string_view password);

private:
    /// What crypt(3) makes a new hash with: method, cost and salt.
    [[nodiscard]] std::string newSetting() const;

    int cost_;
    std::string decoy_; // a setting: no password's hash is equal to it
};

/// Throws core::Error(kValidation), naming the field by its JSON pointer.
void requireGoodPassword(std::string_view password, const std::string& pointer);

} // namespace base
