#include "http/listen_address.h"

#include <charconv>

#include <sys/un.h>

#include <fmt/format.h>

namespace core::http {

namespace {
Error wrong(std::string_view text, std::string_view what) {
    return Error(errors::kValidation, fmt::format("The address \"{}\" {}.", text, what));
}

bool isPort(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number <= 65535;
}
} // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
    ListenAddress address{.text = std::string(text), .host = {}, .port = {}};
    std::string_view rest = text;
    constexpr std::string_view kUnix = "unix:", kPlain = "http://", kTls = "https://";
    if (rest.starts_with(kUnix)) {
        address.path = rest.substr(kUnix.size());
        address.protocol = Protocol::plain;
        if (!address.path.starts_with('/'))
            return wrong(text, "needs an absolute path: write unix:/PATH");
        if (address.path.size() >= sizeof sockaddr_un{}.sun_path)
            return wrong(text, fmt::format("is too long: a socket's path has at most {} bytes",
                                           sizeof sockaddr_un{}.sun_path - 1));
        return address;
    }
    if (rest.starts_with(kPlain)) {
        address.protocol = Protocol::plain;
        rest.remove_prefix(kPlain.size());
    } else if (rest.starts_with(kTls)) {
        address.protocol = Protocol::tls;
        rest.remove_prefix(kTls.size());
    }
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == rest.size() || rest.ends_with(']'))
        return wrong(text, "has no port: write HOST:PORT, [V6]:PORT or unix:/PATH");
    if (!isPort(rest.substr(colon + 1)))
        return wrong(
            text, fmt::format("has the port \"{}\": a port is a number up to 65535", rest.substr(colon + 1)));
    std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return wrong(text, "is ambiguous: write an IPv6 address in brackets, [V6]:PORT");
    if (host.find('/') != std::string_view::npos)
        return wrong(text, "is no address to listen on: write HOST:PORT, http://HOST:PORT, https://HOST:PORT "
                           "or unix:/PATH");
    address.host = host;
    address.port = rest.substr(colon + 1);
    return address;
}

} // namespace core::http
