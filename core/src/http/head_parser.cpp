#include "http/head_parser.h"

#include <algorithm>
#include <charconv>

#include "http/field_line.h"
#include "http/field_list.h"

namespace core::http {

namespace {
bool isIn(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [others](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

/// A name, an IPv4 or a bracketed IPv6 address, and a port or none. Of what RFC 3986 allows in names we take
/// what is in names: Host ends up in addresses and in commands that people copy.
bool isAuthority(std::string_view text) {
    const auto nameEnd = text.starts_with('[') ? text.find(']') : text.find(':');
    std::string_view name = text.substr(0, nameEnd), port;
    if (text.starts_with('[')) {
        if (nameEnd == std::string_view::npos || !isIn(name.substr(1), ":.") || name.size() < 3)
            return false;
        port = text.substr(nameEnd + 1);
    } else {
        if (name.empty() || !isIn(name, "-._~"))
            return false;
        port = nameEnd == std::string_view::npos ? std::string_view() : text.substr(nameEnd);
    }
    return port.empty() || (port.front() == ':' && port.size() <= 6 &&
                            port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

/// Takes scheme and authority away from a target in absolute form; what is left is a path with its query.
/// nullopt for a target of another form.
std::optional<std::string_view> takeAuthority(std::string_view& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equalNoCase(target.substr(0, scheme.size()), scheme))
            continue;
        target.remove_prefix(scheme.size());
        const auto authority = target.substr(0, target.find_first_of("/?"));
        target.remove_prefix(authority.size());
        return authority;
    }
    return std::nullopt;
}
} // namespace

HeadParser::Progress HeadParser::refuse(int status, std::string message) {
    refusal_ = {status, std::move(message)};
    return Progress::refused;
}

HeadParser::Progress HeadParser::feed(std::string_view buffer) {
    // One empty line before a request is tolerated (RFC 9112, 2.2), no more.
    const std::size_t skip = buffer.starts_with("\r\n") ? 2 : 0;
    const auto end = buffer.find("\r\n\r\n", std::max(skip, scanned_ > 3 ? scanned_ - 3 : 0));
    const bool complete = end != std::string_view::npos;
    const std::size_t size = complete ? end + 4 : buffer.size();
    // Before all else, so that the answer is the same however the bytes arrive; and a client that ends its
    // lines with LF alone would wait for ever.
    const std::string_view judged = buffer.substr(0, std::min(size, limits_.maxBytes));
    for (auto at = judged.find('\n', scanned_); at != std::string_view::npos; at = judged.find('\n', at + 1))
        if (at == 0 || judged[at - 1] != '\r')
            return refuse(400, "Lines of the request head must end with CR LF.");
    if (size > limits_.maxBytes)
        return refuse(431, "The request head is too large.");
    if (!complete) {
        scanned_ = size;
        return Progress::incomplete;
    }
    consumed_ = size;
    return parse(buffer.substr(skip, end + 2 - skip));
}

HeadParser::Progress HeadParser::parse(std::string_view text) {
    bool first = true;
    while (!text.empty()) {
        const auto end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 2);
        const bool good = first ? parseRequestLine(line) : parseField(line);
        if (!good)
            return Progress::refused;
        first = false;
    }
    return judge() ? Progress::complete : Progress::refused;
}

bool HeadParser::parseRequestLine(std::string_view line) {
    const auto methodEnd = line.find(' ');
    const auto targetEnd = methodEnd == std::string_view::npos ? methodEnd : line.find(' ', methodEnd + 1);
    if (targetEnd == std::string_view::npos || line.find(' ', targetEnd + 1) != std::string_view::npos) {
        refuse(400, "The request line must be method, target and version.");
        return false;
    }
    const std::string_view method = line.substr(0, methodEnd);
    std::string_view target = line.substr(methodEnd + 1, targetEnd - methodEnd - 1);
    const std::string_view version = line.substr(targetEnd + 1);
    if (!isToken(method) || method.size() > 32) {
        refuse(400, "The method is not valid.");
        return false;
    }
    if (target.size() > limits_.maxTargetBytes) {
        refuse(414, "The request target is too long.");
        return false;
    }
    const bool cleanTarget = std::all_of(target.begin(), target.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return u > 0x20 && u < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' &&
               c != '`' && c != '{' && c != '|' && c != '}' && c != '#';
    });
    const auto authority = takeAuthority(target);
    const bool isPath = target.starts_with('/') || (authority && (target.empty() || target.front() == '?'));
    if (!isPath || !cleanTarget || (authority && !isAuthority(*authority))) {
        refuse(400, "The request target must be a path that begins with a slash, or a whole address.");
        return false;
    }
    if (authority)
        authority_ = *authority;
    if (version == "HTTP/1.0") {
        http10_ = true;
    } else if (version != "HTTP/1.1") {
        if (version.starts_with("HTTP/") && version.size() == 8)
            refuse(505, "This server speaks HTTP/1.1.");
        else
            refuse(400, "The version is not valid.");
        return false;
    }
    head_.method = method;
    const auto question = target.find('?');
    head_.path = target.starts_with('/') ? target.substr(0, question) : "/";
    if (question != std::string_view::npos)
        head_.query = target.substr(question + 1);
    return true;
}

bool HeadParser::parseField(std::string_view line) {
    const auto [name, value, problem] = readFieldLine(line);
    if (problem != nullptr) {
        refuse(400, problem);
        return false;
    }
    if (value.size() > limits_.maxValueBytes || head_.headers.fields().size() >= limits_.maxFields) {
        refuse(431, "The request has too many or too long header fields.");
        return false;
    }
    head_.headers.add(std::string(name), std::string(value));
    return true;
}

bool HeadParser::judge() {
    int hosts = 0, lengths = 0, codings = 0;
    bool closes = false, stays = false;
    for (const auto& [name, value] : head_.headers.fields()) {
        if (equalNoCase(name, "Host")) {
            ++hosts;
            if (!value.empty() && !isAuthority(value)) {
                refuse(400, "Host is not a name or address with a port or without.");
                return false;
            }
            if (authority_ && !equalNoCase(value, *authority_)) {
                refuse(400, "Host must name the same server as the request target.");
                return false;
            }
        } else if (equalNoCase(name, "Content-Length")) {
            ++lengths;
            std::uint64_t length = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
            if (value.empty() || value.size() > 18 || error != std::errc{} ||
                end != value.data() + value.size()) {
                refuse(400, "Content-Length is not a number.");
                return false;
            }
            head_.contentLength = length;
        } else if (equalNoCase(name, "Transfer-Encoding")) {
            ++codings;
            if (!equalNoCase(value, "chunked")) {
                refuse(501, "The only transfer coding that this server reads is chunked.");
                return false;
            }
            head_.chunked = true;
        } else if (equalNoCase(name, "Connection")) {
            for (const std::string_view option : fieldList(value)) {
                closes = closes || equalNoCase(option, "close");
                stays = stays || equalNoCase(option, "keep-alive");
            }
        } else if (equalNoCase(name, "Expect")) {
            if (!equalNoCase(value, "100-continue")) {
                refuse(417, "The only expectation that this server meets is 100-continue.");
                return false;
            }
            head_.expectContinue = !http10_;
        }
    }
    if (hosts > 1 || (hosts == 0 && !http10_)) {
        refuse(400, "A request needs exactly one Host.");
        return false;
    }
    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) {
        refuse(400, "A request must declare its length once, by Content-Length or by chunks.");
        return false;
    }
    if (head_.chunked && http10_) {
        refuse(400, "HTTP/1.0 knows no chunks.");
        return false;
    }
    head_.keepAlive = !closes && (stays || !http10_);
    if (http10_) // which knows it no more (RFC 9110, 7.8)
        head_.headers.remove("Upgrade");
    return true;
}

} // namespace core::http
