#include "core/http/ip_address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include <fmt/format.h>

namespace core::http {

namespace {
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> prefixLength(std::string_view text, unsigned most) {
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc{} || end != text.data() + text.size() || bits > most)
        return std::nullopt;
    return bits;
}

/// The first `bits` bits are equal.
bool samePrefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(whole), b.bytes.begin()))
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}
} // namespace

IpAddress IpAddress::v4(const std::uint8_t* four) {
    IpAddress address;
    std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
    std::copy_n(four, 4, address.bytes.begin() + kMapped.size());
    return address;
}

IpAddress IpAddress::v6(const std::uint8_t* sixteen) {
    IpAddress address;
    std::copy_n(sixteen, address.bytes.size(), address.bytes.begin());
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    text.copy(terminated.data(), text.size());
    std::array<std::uint8_t, 16> bytes{};
    if (::inet_pton(AF_INET, terminated.data(), bytes.data()) == 1)
        return v4(bytes.data());
    if (::inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1)
        return v6(bytes.data());
    return std::nullopt;
}

bool IpAddress::isV4() const noexcept {
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

bool IpAddress::isLoopback() const noexcept {
    static constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return isV4() ? bytes[kMapped.size()] == 127 : bytes == kLoopback;
}

std::uint64_t IpAddress::network() const noexcept {
    // The last eight bytes of a mapped IPv4 address begin with 0000ffff, which no global network of IPv6
    // does.
    const std::size_t from = isV4() ? 8 : 0;
    std::uint64_t network = 0;
    for (std::size_t i = from; i < from + 8; ++i)
        network = network << 8U | bytes[i];
    return network;
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> out{};
    constexpr auto kSize = static_cast<socklen_t>(INET6_ADDRSTRLEN);
    if (isV4())
        ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), out.data(), kSize);
    else
        ::inet_ntop(AF_INET6, bytes.data(), out.data(), kSize);
    return out.data();
}

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
    AddressSet set;
    for (const std::string& entry : entries) {
        const auto slash = entry.find('/');
        const auto address = IpAddress::parse(std::string_view(entry).substr(0, slash));
        const unsigned most = address && address->isV4() && entry.find(':') == std::string::npos ? 32 : 128;
        const auto bits = slash == std::string::npos
                              ? std::optional(most)
                              : prefixLength(std::string_view(entry).substr(slash + 1), most);
        if (!address || !bits)
            return Error(errors::kValidation,
                         fmt::format("\"{}\" is no address and no network: write 10.0.0.7, 10.0.0.0/8 or "
                                     "2001:db8::/32.",
                                     entry));
        set.networks_.push_back({*address, 128 - most + *bits});
    }
    return set;
}

bool AddressSet::contains(const IpAddress& address) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
        return samePrefix(address, network.address, network.bits);
    });
}

bool AddressSet::contains(std::string_view text) const {
    const auto address = networks_.empty() ? std::nullopt : IpAddress::parse(text);
    return address && contains(*address);
}

} // namespace core::http
