#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"
#include "core/time.h"

namespace core {

/// A UUID. New ones are version 7 (RFC 9562): they sort by the time of their creation, which keeps indexes
/// dense. The random part comes from getrandom(2).
class CORE_EXPORT Uuid {
public:
    /// The nil UUID.
    constexpr Uuid() noexcept = default;

    [[nodiscard]] static Uuid generate(Instant now);
    /// Hyphenated, either case; nullopt for anything else.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text) noexcept;

    [[nodiscard]] std::string toString() const;
    [[nodiscard]] bool isNil() const noexcept { return *this == Uuid{}; }

    auto operator<=>(const Uuid&) const noexcept = default;
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

private:
    std::array<std::uint8_t, 16> bytes_{};
};

} // namespace core

template <>
struct std::hash<core::Uuid> {
    std::size_t operator()(const core::Uuid& id) const noexcept {
        return std::hash<std::string_view>{}(
            std::string_view(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()));
    }
};
