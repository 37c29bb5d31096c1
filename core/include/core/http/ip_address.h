#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core::http {

/// One IP address. IPv4 is kept as IPv6 has it (::ffff:a.b.c.d), so that both forms of one address are equal.
struct CORE_EXPORT IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    /// Exactly one address as inet_pton(3) takes it: no port, no zone, no octal or shortened form.
    static std::optional<IpAddress> parse(std::string_view text);
    static IpAddress v4(const std::uint8_t* four);
    static IpAddress v6(const std::uint8_t* sixteen);

    [[nodiscard]] bool isV4() const noexcept;
    [[nodiscard]] bool isLoopback() const noexcept;
    /// Whose it is, where addresses are counted: itself for IPv4, the first 64 bits for IPv6, because whoever
    /// has one such network has all of it.
    [[nodiscard]] std::uint64_t network() const noexcept;
    /// IPv4 in its own form.
    [[nodiscard]] std::string text() const;
    bool operator==(const IpAddress&) const = default;
};

/// IP addresses and networks. Immutable.
class CORE_EXPORT AddressSet {
public:
    AddressSet() = default;
    /// From "10.0.0.7", "10.0.0.0/8", "2001:db8::/32". kValidation that names the entry.
    static Result<AddressSet> parse(const std::vector<std::string>& entries);

    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    /// Text that is no address is in no set.
    [[nodiscard]] bool contains(std::string_view text) const;

private:
    struct Network {
        IpAddress address;
        unsigned bits; ///< of 128
    };
    std::vector<Network> networks_;
};

} // namespace core::http
