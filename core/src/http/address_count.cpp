#include "http/address_count.h"

namespace core::http {

AddressCount::Key AddressCount::keyOf(const IpAddress& address) noexcept {
    // The last eight bytes of a mapped IPv4 address begin with 0000ffff, which no global network of IPv6
    // does.
    const std::size_t from = address.isV4() ? 8 : 0;
    Key key = 0;
    for (std::size_t i = from; i < from + 8; ++i)
        key = key << 8U | address.bytes[i];
    return key;
}

bool AddressCount::take(Key key, std::size_t limit) {
    std::uint32_t& count = counts_[key];
    if (count >= limit) // it was there: the limit is at least 1
        return false;
    ++count;
    return true;
}

void AddressCount::giveBack(Key key) noexcept {
    const auto found = counts_.find(key);
    if (found != counts_.end() && --found->second == 0)
        counts_.erase(found);
}

} // namespace core::http
