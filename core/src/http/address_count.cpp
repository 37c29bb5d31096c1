#include "http/address_count.h"

namespace core::http {

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
