#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "http/ip_address.h"

namespace core::http {

/// How many connections each address has. One thread.
class AddressCount {
public:
    /// An IPv4 address, or the first 64 bits of an IPv6 one: whoever has one such network has all of it.
    using Key = std::uint64_t;
    static Key keyOf(const IpAddress& address) noexcept;

    /// False if it has `limit` already; it is not counted then.
    [[nodiscard]] bool take(Key key, std::size_t limit);
    void giveBack(Key key) noexcept;

private:
    std::unordered_map<Key, std::uint32_t> counts_;
};

} // namespace core::http
