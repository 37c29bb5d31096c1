#include "http/request_id.h"

#include <algorithm>

#include "core/uuid.h"

namespace core::http {

std::string requestIdFor(const Headers& headers, bool trusted, const Clock& clock) {
    constexpr std::size_t kLongest = 64;
    if (trusted)
        if (const std::string* given = headers.find("X-Request-Id");
            given != nullptr && !given->empty() && given->size() <= kLongest &&
            std::all_of(given->begin(), given->end(), [](char c) { return c > ' ' && c <= '~'; }))
            return *given;
    return Uuid::generate(clock.now()).toString();
}

} // namespace core::http
