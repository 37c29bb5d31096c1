#include "core/http/message.h"

#include <algorithm>

namespace core::http {

namespace {
char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
} // namespace

bool equalNoCase(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* Headers::find(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields_)
        if (equalNoCase(key, name))
            return &value;
    return nullptr;
}

std::string_view Headers::get(std::string_view name) const noexcept {
    const std::string* value = find(name);
    return value != nullptr ? std::string_view(*value) : std::string_view();
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [&](const auto& field) { return equalNoCase(field.first, name); });
}

void Headers::set(std::string name, std::string value) {
    remove(name);
    add(std::move(name), std::move(value));
}

Response Response::empty(int status) {
    Response response;
    response.status = status;
    return response;
}

Response Response::json(std::string body, int status) {
    return text(std::move(body), "application/json", status);
}

Response Response::text(std::string body, std::string contentType, int status) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    response.headers.add("Content-Type", std::move(contentType));
    return response;
}

Response Response::error(const Error& error) {
    std::string body = R"({"error":)";
    json::writeString(error.name(), body);
    body += R"(,"message":)";
    json::writeString(error.what(), body);
    body += R"(,"details":)";
    if (error.details().empty()) {
        body += "null";
    } else {
        body += '[';
        for (std::size_t i = 0; i < error.details().size(); ++i) {
            body += i == 0 ? R"({"pointer":)" : R"(,{"pointer":)";
            json::writeString(error.details()[i].pointer, body);
            body += R"(,"message":)";
            json::writeString(error.details()[i].message, body);
            body += '}';
        }
        body += ']';
    }
    body += '}';
    Response response = json(std::move(body), error.status());
    if (error.status() == 429 || error.status() == 503)
        response.headers.add("Retry-After", "5");
    if (error.name() == errors::kIdempotencyKeyInUse.name)
        response.headers.add("Retry-After", "1");
    if (error.status() == 401)
        response.headers.add("WWW-Authenticate", "Bearer");
    return response;
}

std::string_view reasonPhrase(int status) noexcept {
    switch (status) {
    case 100:
        return "Continue";
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 428:
        return "Precondition Required";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

} // namespace core::http
