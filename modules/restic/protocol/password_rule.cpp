#include "restic/protocol/password_rule.h"

#include <algorithm>
#include <array>

namespace restic::protocol {
namespace {
/// Unicode's white space, as Go's strings.TrimSpace knows it.
constexpr std::array<std::string_view, 25> kSpaces{
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80"};
/// Of UTF-8, UTF-16 and UTF-32: restic decodes what follows them.
constexpr std::array<std::string_view, 3> kMarks{"\xef\xbb\xbf", "\xfe\xff", "\xff\xfe"};
} // namespace

bool changesInFile(std::string_view password) noexcept {
    return std::any_of(kSpaces.begin(), kSpaces.end(),
                       [&](std::string_view space) {
                           return password.starts_with(space) || password.ends_with(space);
                       }) ||
           std::any_of(kMarks.begin(), kMarks.end(),
                       [&](std::string_view mark) { return password.starts_with(mark); });
}

std::optional<std::string> checkRepositoryPassword(const std::string& password) {
    if (password.empty())
        return "must not be empty";
    if (changesInFile(password))
        return "must not begin or end with white space: restic leaves it away when it reads the password "
               "from a "
               "file, so that it would not open the repository as typed";
    if (std::any_of(password.begin(), password.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        return "must not contain control characters: they cannot be typed when restic asks for the password";
    return std::nullopt;
}

} // namespace restic::protocol
