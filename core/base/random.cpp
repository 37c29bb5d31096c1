#include "core/random.h"

#include <cerrno>
#include <system_error>

#include <sys/random.h>

#include "core/encoding.h"

namespace core {

void fillRandom(std::span<std::byte> out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

std::string randomToken(std::size_t bytes) {
    std::string raw(bytes, '\0');
    fillRandom(std::as_writable_bytes(std::span(raw)));
    return base64UrlEncode(raw);
}

} // namespace core
