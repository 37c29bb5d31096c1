#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace core::http {

/// How many connections each address has. One thread.
class AddressCount {
public:
    using Key = std::uint64_t; ///< IpAddress::network()

    /// False if it has `limit` already; it is not counted then.
    [[nodiscard]] bool take(Key key, std::size_t limit);
    void giveBack(Key key) noexcept;

private:
    std::unordered_map<Key, std::uint32_t> counts_;
};

} // namespace core::http
