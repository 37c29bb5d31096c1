#include "core/uuid.h"

#include <span>

#include "core/random.h"

namespace core {

Uuid Uuid::generate(Instant now) {
    Uuid id;
    fillRandom(std::as_writable_bytes(std::span(id.bytes_)));
    const auto millis = static_cast<std::uint64_t>(toMicros(now) / 1000);
    for (std::size_t i = 0; i < 6; ++i)
        id.bytes_[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    id.bytes_[6] = static_cast<std::uint8_t>(0x70U | (id.bytes_[6] & 0x0FU));
    id.bytes_[8] = static_cast<std::uint8_t>(0x80U | (id.bytes_[8] & 0x3FU));
    return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    if (text.size() != 36)
        return std::nullopt;
    Uuid id;
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return std::nullopt;
            continue;
        }
        unsigned value = 0;
        if (c >= '0' && c <= '9')
            value = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = static_cast<unsigned>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            value = static_cast<unsigned>(c - 'A') + 10;
        else
            return std::nullopt;
        auto& byte = id.bytes_[nibble / 2];
        byte = static_cast<std::uint8_t>((byte << 4U) | value);
        ++nibble;
    }
    return id;
}

std::string Uuid::toString() const {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text(36, '-');
    auto at = text.begin();
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ++at;
        *at++ = kHex[bytes_[i] >> 4U];
        *at++ = kHex[bytes_[i] & 0x0FU];
    }
    return text;
}

} // namespace core
