#include "auth/password.h"

#include <array>
#include <cstring>
#include <memory>

#include <crypt.h>
#include <fmt/format.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/random.h"

namespace base {

namespace {

constexpr std::size_t kFewestCharacters = 10;
/// bcrypt ignores what comes after.
constexpr std::size_t kMostBytes = 72;

/// Empty if `setting` is not one of crypt(3).
std::string crypt(std::string_view password, const std::string& setting) {
    const auto data = std::make_unique<crypt_data>();
    const std::string text(password);
    // Not crypt_r: the address sanitizer stands before that one, and does not find it behind a module.
    const char* result =
        ::crypt_rn(text.c_str(), setting.c_str(), data.get(), static_cast<int>(sizeof *data));
    std::string hash = result == nullptr ? "" : result;
    ::explicit_bzero(data.get(), sizeof *data);
    return hash;
}

} // namespace

PasswordHasher::PasswordHasher(int cost) : cost_(cost), decoy_(newSetting()) {}

std::string PasswordHasher::newSetting() const {
    std::array<std::byte, 16> random{};
    core::fillRandom(random);
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    const char* made = ::crypt_gensalt_rn(
        "$2b$", static_cast<unsigned long>(cost_), reinterpret_cast<const char*>(random.data()),
        static_cast<int>(random.size()), setting.data(), static_cast<int>(setting.size()));
    if (made == nullptr)
        throw core::Error(core::errors::kUnavailable, "The password cannot be hashed on this system")
            .withDetail("crypt(3) refused bcrypt");
    return made;
}

std::string PasswordHasher::hash(std::string_view password) const {
    auto result = crypt(password, newSetting());
    if (!result.starts_with("$2b$"))
        throw core::Error(core::errors::kUnavailable, "The password cannot be hashed on this system")
            .withDetail("crypt(3) refused bcrypt");
    return result;
}

bool PasswordHasher::verify(std::string_view password, const std::optional<std::string>& hash) const {
    const std::string& against = hash ? *hash : decoy_;
    // A NUL would end the password early for bcrypt; the answer is no, after the same time.
    const bool possible = password.size() <= kMostBytes && password.find('\0') == std::string_view::npos;
    const auto result = crypt(possible ? password : std::string_view("-"), against);
    return !result.empty() && core::equalConstantTime(result, against) && hash.has_value() && possible;
}

std::optional<std::string> PasswordHasher::problemWith(std::string_view password) {
    if (!core::isUtf8(password) || password.find('\0') != std::string_view::npos)
        return "must be text";
    if (password.size() > kMostBytes)
        return fmt::format("must have at most {} bytes", kMostBytes);
    std::size_t characters = 0;
    for (const char c : password)
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U)
            ++characters;
    if (characters < kFewestCharacters)
        return fmt::format("must have at least {} characters", kFewestCharacters);
    return std::nullopt;
}

void requireGoodPassword(std::string_view password, const std::string& pointer) {
    if (const auto problem = PasswordHasher::problemWith(password))
        throw core::Error(core::errors::kValidation, "The password " + *problem + ".", {{pointer, *problem}});
}

} // namespace base
