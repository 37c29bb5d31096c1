#include "core/http/request.h"

#include "core/encoding.h"

namespace core::http {

const std::string& Request::parameter(std::string_view name) const {
    for (const auto& [key, value] : pathParameters)
        if (key == name)
            return value;
    throw Error(errors::kInternal, "The route has no such parameter.").withDetail(std::string(name));
}

Uuid Request::uuidParameter(std::string_view name, const ErrorKind& missing) const {
    const auto id = Uuid::parse(parameter(name));
    if (!id)
        throw Error(missing, "There is nothing with this id.");
    return *id;
}

const Principal& Request::principal() const {
    if (!caller)
        throw Error(errors::kInternal, "An open route has no caller.").withDetail(path);
    return *caller;
}

TenantContext Request::tenant() const {
    if (!principal().tenant)
        throw Error(errors::kForbidden, "This token belongs to no tenant; use one that does.");
    return TenantContext(*principal().tenant, auditTrail);
}

SystemContext Request::system(std::string reason) const {
    return SystemContext(std::move(reason), auditTrail);
}

Response Request::keep(Response answer) const {
    if (kept)
        *kept = answer;
    return answer;
}

std::optional<std::string> Request::cookie(std::string_view name) const {
    std::string_view rest = headers.get("Cookie");
    while (!rest.empty()) {
        const auto end = rest.find(';');
        std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        while (!pair.empty() && pair.front() == ' ')
            pair.remove_prefix(1);
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return std::string(pair.substr(equals + 1));
    }
    return std::nullopt;
}

json::Value Request::jsonBody() const {
    // No body is the empty object: what may be left out is, and what is required is named as missing.
    if (body.empty())
        return json::Object();
    // Bodies are never unpacked: a few bytes could become very many.
    const std::string_view coding = headers.get("Content-Encoding");
    if (!coding.empty() && !equalNoCase(coding, "identity"))
        throw Error(
            errors::kUnsupportedMedia,
            "The body must be sent as it is: send it without compression and without Content-Encoding.");
    const std::string_view type = headers.get("Content-Type");
    if (!equalNoCase(type.substr(0, type.find(';')), "application/json"))
        throw Error(errors::kUnsupportedMedia, "The body must be JSON: send Content-Type: application/json.");
    return json::parse(body, {.maxBytes = body.size()}).value();
}

void Request::readQuery(const wire::Type& type, void* object) const {
    json::Object parameters;
    std::string_view rest = query;
    wire::Reader reader;
    reader.fromText = true;
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (pair.empty())
            continue;
        const auto equals = pair.find('=');
        const auto name = percentDecode(pair.substr(0, equals), true);
        const auto value =
            equals == std::string_view::npos ? std::string() : percentDecode(pair.substr(equals + 1), true);
        if (!name || !value || !isUtf8(*name) || !isUtf8(*value) || name->find('\0') != std::string::npos ||
            value->find('\0') != std::string::npos)
            throw Error(errors::kValidation, "The query is not well-formed.");
        if (json::Value* present = parameters.find(*name)) {
            if (json::Array* list = present->array())
                list->emplace_back(*value);
            else
                *present = json::Array{*present, *value};
        } else {
            parameters.set(*name, *value);
        }
    }
    type.read(json::Value(std::move(parameters)), object, reader);
    if (!reader.problems().empty())
        throw wire::validationError(std::move(reader.problems()));
}

} // namespace core::http
