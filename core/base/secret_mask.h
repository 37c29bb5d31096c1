#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace core {

/// Finds secrets in a text, in the forms in which they come: as they are, escaped for JSON (also twice, and
/// as Go's programs do it), percent-encoded, in base64 of any kind and at any place in what was encoded, and
/// each line of one that has several. A text is read once, however many secrets there are. Not thread-safe.
class SecretMask {
public:
    static constexpr std::size_t kShortest = 6;

    /// Shorter ones are ignored: they would mask ordinary words. So are the parts that are shorter.
    void add(std::string_view secret);
    /// The text with "***" for every occurrence, of several at one place for the longest.
    [[nodiscard]] std::string apply(std::string_view text) const;

private:
    void addForm(std::string form);

    std::set<std::string, std::less<>> forms_;
    /// By their first four bytes, the longest first.
    std::unordered_map<std::uint32_t, std::vector<std::string_view>> byStart_;
    /// Which hashes of four bytes begin a form: most places of a text are passed with one look.
    std::array<std::uint64_t, 1024> filter_{};
};

} // namespace core
