#include "http/proxy_header.h"

#include <array>
#include <charconv>

namespace core::http {

namespace {

using Progress = ProxyParse::Progress;
using namespace std::string_view_literals;

constexpr ProxyParse kIncomplete{Progress::incomplete}, kRefused{Progress::refused};

constexpr std::string_view kTextStart = "PROXY "sv;
constexpr std::size_t kMaxText = 107; // with its line end
constexpr std::string_view kBinaryStart = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kBinaryHead = 16;

bool isPort(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number <= 65535 &&
           (text == "0" || text.front() != '0');
}

ProxyParse parseText(std::string_view bytes) {
    const auto end = bytes.substr(0, kMaxText).find("\r\n");
    if (end == std::string_view::npos)
        return bytes.size() >= kMaxText ? kRefused : kIncomplete;
    std::string_view line = bytes.substr(kTextStart.size(), end - kTextStart.size());
    ProxyHeader header{.size = end + 2, .client = {}};
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN "))
        return {Progress::complete, header};
    std::array<std::string_view, 5> fields; // family, two addresses, two ports
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto blank = line.find(' ');
        const bool last = i + 1 == fields.size();
        if (last != (blank == std::string_view::npos))
            return kRefused;
        fields[i] = line.substr(0, blank);
        line = last ? ""sv : line.substr(blank + 1);
    }
    const auto& [family, source, destination, sourcePort, destinationPort] = fields;
    const auto client = IpAddress::parse(source);
    const bool v6 = family == "TCP6";
    const auto fits = [v6](std::string_view text) {
        return (text.find(':') != std::string_view::npos) == v6;
    };
    if ((!v6 && family != "TCP4") || !client || !IpAddress::parse(destination) || !fits(source) ||
        !fits(destination) || !isPort(sourcePort) || !isPort(destinationPort))
        return kRefused;
    header.client = client;
    return {Progress::complete, header};
}

const std::uint8_t* octets(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::size_t number16(std::string_view bytes) {
    return static_cast<std::size_t>(octets(bytes)[0]) << 8U | octets(bytes)[1];
}

/// What follows the addresses: type, length, value, again and again. False if it is none.
bool readExtras(std::string_view extras, bool& secure) {
    constexpr char kTls = 0x20;
    while (!extras.empty()) {
        if (extras.size() < 3 || extras.size() - 3 < number16(extras.substr(1)))
            return false;
        const std::string_view value = extras.substr(3, number16(extras.substr(1)));
        if (extras.front() == kTls) {
            if (value.size() < 5)
                return false;
            secure = (octets(value)[0] & 1U) != 0;
        }
        extras.remove_prefix(3 + value.size());
    }
    return true;
}

ProxyParse parseBinary(std::string_view bytes) {
    if (bytes.size() < kBinaryHead)
        return kIncomplete;
    const std::uint8_t command = octets(bytes)[12], family = octets(bytes)[13];
    const std::size_t length = number16(bytes.substr(14));
    constexpr std::uint8_t kLocal = 0x20, kProxy = 0x21;
    if ((command != kLocal && command != kProxy) || kBinaryHead + length > kMaxProxyHeader)
        return kRefused;
    if (bytes.size() < kBinaryHead + length)
        return kIncomplete;
    ProxyHeader header{.size = kBinaryHead + length, .client = {}};
    if (command == kLocal) // the proxy asks for itself; what follows means nothing
        return {Progress::complete, header};

    const std::string_view rest = bytes.substr(kBinaryHead, length);
    std::size_t addresses = 0;
    constexpr std::uint8_t kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31;
    switch (family) {
    case kUnspecified:
        return {Progress::complete, header};
    case kTcp4:
        addresses = 12;
        break;
    case kTcp6:
        addresses = 36;
        break;
    case kUnixStream:
        addresses = 216;
        break;
    default:
        return kRefused;
    }
    if (length < addresses || !readExtras(rest.substr(addresses), header.secure))
        return kRefused;
    if (family == kTcp4)
        header.client = IpAddress::v4(octets(rest));
    else if (family == kTcp6)
        header.client = IpAddress::v6(octets(rest));
    return {Progress::complete, header};
}

} // namespace

ProxyParse parseProxyHeader(std::string_view bytes) {
    if (bytes.empty())
        return kIncomplete;
    const std::string_view start = bytes.front() == 'P' ? kTextStart : kBinaryStart;
    const auto known = std::min(bytes.size(), start.size());
    if (bytes.substr(0, known) != start.substr(0, known))
        return kRefused;
    if (known < start.size())
        return kIncomplete;
    return bytes.front() == 'P' ? parseText(bytes) : parseBinary(bytes);
}

} // namespace core::http
