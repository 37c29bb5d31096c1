#include "http/head_parser.h"

#include <algorithm>
#include <charconv>

#include "http/field_list.h"

namespace core::http {

namespace {
bool isTokenChar(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return kOthers.find(c) != std::string_view::npos;
}
bool isToken(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

/// Visible ASCII, blanks and bytes above ASCII; no control characters.
bool isFieldValue(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return c == '\t' || (u >= 0x20 && u != 0x7F);
    });
}

bool hasListItem(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (equalNoCase(trimBlanks(list.substr(0, comma)), item))
            return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}
} // namespace

HeadParser::Progress HeadParser::refuse(int status, std::string message) {
    refusal_ = {status, std::move(message)};
    return Progress::refused;
}

HeadParser::Progress HeadParser::feed(std::string_view buffer) {
    // One empty line before a request is tolerated (RFC 9112, 2.2), no more.
    std::size_t skip = 0;
    if (buffer.starts_with("\r\n"))
        skip = 2;
    const std::size_t from = std::max(skip, scanned_ > 3 ? scanned_ - 3 : 0);
    const auto end = buffer.find("\r\n\r\n", from);
    if (end == std::string_view::npos) {
        if (buffer.size() > limits_.maxBytes)
            return refuse(431, "The request head is too large.");
        // A client that ends its lines with LF alone would wait for ever.
        const auto bare = buffer.find("\n\n", scanned_ > 1 ? scanned_ - 1 : 0);
        if (bare != std::string_view::npos)
            return refuse(400, "Lines of the request head must end with CR LF.");
        scanned_ = buffer.size();
        return Progress::incomplete;
    }
    if (end + 4 > limits_.maxBytes)
        return refuse(431, "The request head is too large.");
    consumed_ = end + 4;
    return parse(buffer.substr(skip, end + 2 - skip));
}

HeadParser::Progress HeadParser::parse(std::string_view text) {
    bool first = true;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == 0 || text[end - 1] != '\r')
            return refuse(400, "Lines of the request head must end with CR LF.");
        const std::string_view line = text.substr(0, end - 1);
        text.remove_prefix(end + 1);
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
    const std::string_view target = line.substr(methodEnd + 1, targetEnd - methodEnd - 1);
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
    if (!target.starts_with('/') || !cleanTarget) {
        refuse(400, "The request target must be a path that begins with a slash.");
        return false;
    }
    if (version == "HTTP/1.0") {
        http10_ = true;
        head_.keepAlive = false;
    } else if (version != "HTTP/1.1") {
        if (version.starts_with("HTTP/") && version.size() == 8)
            refuse(505, "This server speaks HTTP/1.1.");
        else
            refuse(400, "The version is not valid.");
        return false;
    }
    head_.method = method;
    const auto question = target.find('?');
    head_.path = target.substr(0, question);
    if (question != std::string_view::npos)
        head_.query = target.substr(question + 1);
    return true;
}

bool HeadParser::parseField(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        refuse(400, "A header field must not be folded over several lines.");
        return false;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon))) {
        refuse(400, "A header field must be a name directly followed by a colon.");
        return false;
    }
    const std::string_view value = trimBlanks(line.substr(colon + 1));
    if (!isFieldValue(value)) {
        refuse(400, "A header field contains a control character.");
        return false;
    }
    if (value.size() > limits_.maxValueBytes || head_.headers.fields().size() >= limits_.maxFields) {
        refuse(431, "The request has too many or too long header fields.");
        return false;
    }
    head_.headers.add(std::string(line.substr(0, colon)), std::string(value));
    return true;
}

bool HeadParser::judge() {
    int hosts = 0, lengths = 0, codings = 0;
    for (const auto& [name, value] : head_.headers.fields()) {
        if (equalNoCase(name, "Host")) {
            ++hosts;
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
            if (hasListItem(value, "close"))
                head_.keepAlive = false;
            else if (http10_ && hasListItem(value, "keep-alive"))
                head_.keepAlive = true;
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
    if (http10_) // which knows it no more (RFC 9110, 7.8)
        head_.headers.remove("Upgrade");
    return true;
}

} // namespace core::http
