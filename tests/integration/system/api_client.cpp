#include "integration/system/api_client.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace test {

using core::json::Value;

namespace {

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto slash = path.find('/');
        parts.emplace_back(path.substr(0, slash));
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return parts;
}

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

bool hasType(const Value& value, const std::string& type) {
    if (type == "integer")
        return value.integer() != nullptr;
    return value.kindName() == type;
}

} // namespace

std::vector<ApiDocument::Operation> ApiDocument::operations() const {
    std::vector<Operation> all;
    for (const auto& [path, methods] : document_.find("paths")->object()->members())
        for (const auto& [method, operation] : methods.object()->members()) {
            std::string upper = method;
            for (char& c : upper)
                c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            all.push_back({upper, path, &operation});
        }
    return all;
}

const Value* ApiDocument::find(const std::string& method, const std::string& path) const {
    const auto wanted = segments(path.substr(0, path.find('?')));
    const Value* best = nullptr;
    int bestLiterals = -1;
    for (const auto& [pattern, methods] : document_.find("paths")->object()->members()) {
        const auto parts = segments(pattern);
        const auto* operation = methods.find(lower(method));
        if (operation == nullptr || parts.size() != wanted.size())
            continue;
        int literals = 0;
        bool fits = true;
        for (std::size_t i = 0; i < parts.size() && fits; ++i) {
            if (parts[i].starts_with('{'))
                continue;
            fits = parts[i] == wanted[i];
            ++literals;
        }
        if (fits && literals > bestLiterals) {
            best = operation;
            bestLiterals = literals;
        }
    }
    return best;
}

void ApiDocument::check(const Value& schema, const Value& value, const std::string& where,
                        std::vector<std::string>& problems) const {
    const auto complain = [&](const std::string& what) { problems.push_back(where + " " + what); };
    if (const auto* ref = schema.find("$ref")) {
        constexpr std::string_view kPrefix = "#/components/schemas/";
        const auto* target = document_.find("components")
                                 ->find("schemas")
                                 ->find(std::string_view(*ref->string()).substr(kPrefix.size()));
        if (target == nullptr)
            return complain("refers to the unknown " + *ref->string());
        return check(*target, value, where, problems);
    }
    if (const auto* any = schema.find("anyOf")) {
        std::vector<std::string> last;
        for (const auto& one : *any->array()) {
            last.clear();
            check(one, value, where, last);
            if (last.empty())
                return;
        }
        problems.insert(problems.end(), last.begin(), last.end());
        return;
    }
    if (const auto* type = schema.find("type")) {
        bool fits = false;
        if (type->string() != nullptr)
            fits = hasType(value, *type->string());
        else
            for (const auto& one : *type->array())
                fits = fits || hasType(value, *one.string());
        if (!fits)
            return complain(fmt::format("is of kind {}, not {}", value.kindName(), core::json::write(*type)));
    }
    if (const auto* values = schema.find("enum");
        values != nullptr && !value.isNull() &&
        std::find(values->array()->begin(), values->array()->end(), value) == values->array()->end())
        complain("is none of " + core::json::write(*values));
    if (const auto number = value.number()) {
        if (const auto* min = schema.find("minimum"); min != nullptr && *number < *min->number())
            complain("is below the minimum");
        if (const auto* max = schema.find("maximum"); max != nullptr && *number > *max->number())
            complain("is above the maximum");
    }
    if (const auto* items = schema.find("items"); items != nullptr && value.array() != nullptr)
        for (std::size_t i = 0; i < value.array()->size(); ++i)
            check(*items, (*value.array())[i], where + "/" + std::to_string(i), problems);
    if (value.object() == nullptr)
        return;
    const auto* properties = schema.find("properties");
    const auto* more = schema.find("additionalProperties");
    if (const auto* required = schema.find("required"))
        for (const auto& name : *required->array())
            if (value.find(*name.string()) == nullptr)
                complain("lacks " + *name.string());
    for (const auto& [name, member] : value.object()->members()) {
        const auto* property = properties != nullptr ? properties->find(name) : nullptr;
        if (property != nullptr)
            check(*property, member, where + "/" + name, problems);
        else if (more != nullptr && more->object() != nullptr)
            check(*more, member, where + "/" + name, problems);
        else if (properties != nullptr &&
                 (more == nullptr || more->boolean() == nullptr || !*more->boolean()))
            complain("has the undeclared member " + name);
    }
}

std::vector<std::string> ApiDocument::judge(const std::string& method, const std::string& path, int status,
                                            const std::string& body) const {
    std::vector<std::string> problems;
    const auto where = fmt::format("{} {} -> {}", method, path, status);
    const auto* operation = find(method, path);
    const Value* answer = nullptr;
    if (operation != nullptr) {
        answer = operation->find("responses")->find(std::to_string(status));
        if (answer == nullptr && status >= 200 && status < 300)
            for (const auto& [code, one] : operation->find("responses")->object()->members())
                if (code.starts_with('2'))
                    answer = &one;
    }
    const auto* content = answer != nullptr ? answer->find("content") : nullptr;
    const bool failure = status >= 400;
    if (!failure && operation == nullptr)
        return problems; // a page
    if (!failure && content == nullptr) {
        if (!body.empty() && path != "/openapi.json")
            problems.push_back(where + " has a body that is not declared");
        return problems;
    }
    if (!failure && content->find("application/json") == nullptr)
        return problems; // text
    const auto json = core::json::parse(body);
    if (!json.ok()) {
        problems.push_back(where + " is no JSON: " + body.substr(0, 200));
        return problems;
    }
    if (content != nullptr)
        check(*content->find("application/json")->find("schema"), json.value(), where, problems);
    else
        check(*document_.find("components")->find("schemas")->find("Error"), json.value(), where, problems);
    return problems;
}

std::vector<std::string> ApiAnswer::pointers() const {
    std::vector<std::string> all;
    if (const auto* details = json.find("details"); details != nullptr && details->array() != nullptr)
        for (const auto& one : *details->array())
            all.push_back(one.stringOr("pointer"));
    return all;
}

std::string ApiClient::raw(const std::string& bytes, bool endSending) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{60, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("nobody listens");
    }
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; // the host has already answered
        sent += static_cast<std::size_t>(n);
    }
    if (endSending)
        ::shutdown(fd, SHUT_WR);
    std::string all;
    char buffer[65536];
    for (;;) {
        const auto n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        all.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return all;
}

ApiAnswer ApiClient::send(const std::string& method, const std::string& path,
                          const std::string& authorization, const std::optional<std::string>& body,
                          const std::map<std::string, std::string>& headers) {
    std::string request =
        fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", method, path, port_);
    if (!authorization.empty())
        request += "Authorization: " + authorization + "\r\n";
    for (const auto& [name, value] : headers)
        request += name + ": " + value + "\r\n";
    if (body) {
        if (!headers.contains("Content-Type"))
            request += "Content-Type: application/json\r\n";
        request += fmt::format("Content-Length: {}\r\n\r\n{}", body->size(), *body);
    } else {
        request += method == "GET" ? "\r\n" : "Content-Length: 0\r\n\r\n";
    }
    traffic_->note(method, path, authorization, body.value_or(""), 0, "");
    const auto text = raw(request);
    const auto end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || end == std::string::npos)
        throw std::runtime_error("no answer to " + method + " " + path);
    ApiAnswer answer;
    answer.status = std::stoi(text.substr(9, 3));
    for (std::size_t at = text.find("\r\n") + 2; at < end;) {
        const auto stop = text.find("\r\n", at);
        const auto line = text.substr(at, stop - at);
        if (const auto colon = line.find(": "); colon != std::string::npos)
            answer.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
        at = stop + 2;
    }
    answer.body = text.substr(end + 4);
    if (auto json = core::json::parse(answer.body))
        answer.json = json.value();
    traffic_->note(method, path, authorization, body.value_or(""), answer.status, answer.body);
    EXPECT_FALSE(answer.headers["x-request-id"].empty()) << method << ' ' << path;
    if (path != "/openapi.json")
        for (const auto& problem : document().judge(method, path, answer.status, answer.body))
            ADD_FAILURE() << "against /openapi.json: " << problem;
    return answer;
}

const ApiDocument& ApiClient::document() {
    if (!document_) {
        auto answer = send("GET", "/openapi.json", "");
        if (answer.status != 200)
            throw std::runtime_error("no /openapi.json");
        document_ = std::make_shared<ApiDocument>(std::move(answer.json));
    }
    return *document_;
}

} // namespace test
