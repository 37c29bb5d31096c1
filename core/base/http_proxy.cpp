#include "core/http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>

#include "core/encoding.h"

namespace core::http {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::string_view withoutBrackets(std::string_view host) {
    return host.size() > 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2)
                                                                        : host;
}

/// An address as its bytes: 4 or 16; empty for a name.
std::string addressBytes(std::string_view host) {
    const std::string text(withoutBrackets(host));
    std::array<char, 16> bytes{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
        return {bytes.data(), 4};
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
        return {bytes.data(), 16};
    return {};
}

bool isThisMachine(std::string_view host) {
    if (host == "localhost" || host.ends_with(".localhost"))
        return true;
    const auto bytes = addressBytes(host);
    if (bytes.size() == 4)
        return bytes[0] == 127;
    return bytes == std::string(15, '\0') + '\1';
}

bool inNetwork(const std::string& address, const std::string& network, int bits) {
    if (address.empty() || address.size() != network.size() || bits < 0 ||
        bits > static_cast<int>(address.size()) * 8)
        return false;
    for (int i = 0; i < bits; ++i) {
        const auto at = static_cast<std::size_t>(i / 8);
        const unsigned mask = 0x80U >> static_cast<unsigned>(i % 8);
        if (((static_cast<unsigned char>(address[at]) ^ static_cast<unsigned char>(network[at])) & mask) != 0)
            return false;
    }
    return true;
}

std::optional<int> number(std::string_view text, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most)
        return std::nullopt;
    return value;
}

[[noreturn]] void refuse(const std::string& variable, const std::string& what) {
    throw Error(errors::kValidation, variable + " " + what);
}

std::optional<Proxy> parse(const std::string& variable, const std::string& value) {
    std::string_view rest = value;
    if (rest.empty())
        return std::nullopt;
    if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
        if (lower(rest.substr(0, scheme)) != "http")
            refuse(variable, "names a proxy of another kind than http://");
        rest.remove_prefix(scheme + 3);
    }
    rest = rest.substr(0, rest.find('/'));
    Proxy proxy;
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto decoded = percentDecode(rest.substr(0, at));
        proxy.credentials = decoded.value_or(std::string(rest.substr(0, at)));
        rest.remove_prefix(at + 1);
    }
    proxy.port = 80;
    const auto colon = rest.rfind(':');
    if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
        const auto port = number(rest.substr(colon + 1), 65535);
        if (!port || *port == 0)
            refuse(variable, "has no port after its colon");
        proxy.port = *port;
        rest = rest.substr(0, colon);
    }
    proxy.host = withoutBrackets(rest);
    if (proxy.host.empty())
        refuse(variable, "names no host");
    return proxy;
}

} // namespace

const std::vector<std::string>& ProxyRules::variables() {
    static const std::vector<std::string> names{"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                                "ALL_PROXY",   "no_proxy",    "NO_PROXY"};
    return names;
}

ProxyRules ProxyRules::fromEnvironment(const Lookup& lookup) {
    ProxyRules rules;
    const auto first = [&](std::initializer_list<const char*> names) -> std::optional<Proxy> {
        for (const auto* name : names)
            if (auto proxy = parse(name, trimmed(lookup(name))))
                return proxy;
        return std::nullopt;
    };
    rules.https_ = first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
    rules.http_ = first({"http_proxy", "all_proxy", "ALL_PROXY"});
    auto list = lookup("no_proxy");
    if (list.empty())
        list = lookup("NO_PROXY");
    std::string_view rest = list;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        if (auto one = lower(trimmed(rest.substr(0, comma))); !one.empty())
            rules.exceptions_.push_back(std::move(one));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return rules;
}

std::optional<Proxy> ProxyRules::find(std::string_view scheme, std::string_view host, int port) const {
    const auto& proxy = scheme == "https" ? https_ : http_;
    const auto name = lower(withoutBrackets(host));
    if (!proxy || isThisMachine(name) || isExcepted(name, port))
        return std::nullopt;
    return proxy;
}

bool ProxyRules::isExcepted(std::string_view host, int port) const {
    const auto address = addressBytes(host);
    for (std::string_view rule : exceptions_) {
        if (rule == "*")
            return true;
        if (const auto slash = rule.find('/'); slash != std::string_view::npos) {
            const auto bits = number(rule.substr(slash + 1), 128);
            if (bits && inNetwork(address, addressBytes(rule.substr(0, slash)), *bits))
                return true;
            continue;
        }
        const auto colon = rule.rfind(':');
        if (colon != std::string_view::npos && addressBytes(rule).empty()) {
            if (number(rule.substr(colon + 1), 65535) != port)
                continue;
            rule = rule.substr(0, colon);
        }
        if (const auto bytes = addressBytes(rule); !bytes.empty()) {
            if (bytes == address)
                return true;
            continue;
        }
        while (rule.starts_with('*') || rule.starts_with('.'))
            rule.remove_prefix(1);
        if (!rule.empty() && (host == rule || (host.size() > rule.size() && host.ends_with(rule) &&
                                               host[host.size() - rule.size() - 1] == '.')))
            return true;
    }
    return false;
}

} // namespace core::http
