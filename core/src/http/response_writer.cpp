#include "http/response_writer.h"

#include <algorithm>
#include <ctime>

namespace core::http {

namespace {
/// "Date: …\r\n", made once a second per thread.
std::string_view dateLine() {
    thread_local std::time_t second = 0;
    thread_local char line[64];
    thread_local std::size_t length = 0;
    const std::time_t now = std::time(nullptr);
    if (now != second) {
        second = now;
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        length = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    }
    return {line, length};
}

/// Fewer bytes are cheaper to copy than to write apart from the head.
constexpr std::size_t kMostCopied = 8192;

bool safe(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

constexpr std::string_view kEveryAnswer = "X-Content-Type-Options: nosniff\r\n"
                                          "X-Frame-Options: DENY\r\n"
                                          "Referrer-Policy: no-referrer\r\n"
                                          "Cross-Origin-Resource-Policy: same-origin\r\n";
/// A page may load what this host serves, and pictures that a style sheet brings along. Nothing inline:
/// styles that scripts set go past the policy, those in the page's text do not.
constexpr std::string_view kPage =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()\r\n";
/// Whatever is opened as a page without being one does nothing.
constexpr std::string_view kNoPage =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
} // namespace

WireBytes serialize(const Response& response, const WireOptions& options) {
    const std::string_view content = response.content();
    const bool bodyless = response.status == 204 || response.status == 304 || response.status < 200;
    const bool withContent = !bodyless && !options.headOnly;
    const bool apart = withContent && response.shared && content.size() > kMostCopied;
    std::string out;
    out.reserve(640 + (withContent && !apart ? content.size() : 0));
    out += "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reasonPhrase(response.status);
    out += "\r\n";
    out += dateLine();
    for (const auto& [name, value] : response.headers.fields()) {
        if (!safe(name) || !safe(value))
            continue;
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    }
    if (!bodyless) {
        out += "Content-Length: ";
        out += std::to_string(content.size());
        out += "\r\n";
    }
    if (response.headers.find("Cache-Control") == nullptr)
        out += "Cache-Control: no-store\r\n";
    out += "X-Request-Id: ";
    out += options.requestId;
    out += "\r\n";
    out += kEveryAnswer;
    // What the client has keeps its policy: the headers of a 304 take the place of those that came with it.
    if (response.status != 304)
        out += response.headers.get("Content-Type").starts_with("text/html") ? kPage : kNoPage;
    if (options.secure)
        out += "Strict-Transport-Security: max-age=31536000\r\n";
    out += options.keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    if (apart)
        return {std::move(out), response.shared};
    if (withContent)
        out += content;
    return {std::move(out)};
}

} // namespace core::http
