#include "http/openapi.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "http/idempotency.h"

namespace core::http {

namespace {

json::Object reference(const wire::Type& type, std::vector<const wire::Type*>& used) {
    used.push_back(&type);
    return {{"$ref", "#/components/schemas/" + type.name()}};
}

json::Object jsonContent(json::Object schema) {
    return {{"application/json", json::Object{{"schema", std::move(schema)}}}};
}

bool takesVersion(const Route& route) {
    return route.versioned && route.method == "PUT";
}

json::Array parameters(const Route& route, std::vector<const wire::Type*>& used) {
    json::Array list;
    for (std::size_t at = route.path.find('{'); at != std::string::npos; at = route.path.find('{', at + 1)) {
        std::string name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
        if (name.ends_with('*'))
            name.pop_back();
        list.push_back(json::Object{{"name", name},
                                    {"in", "path"},
                                    {"required", true},
                                    {"schema", json::Object{{"type", "string"}}}});
    }
    if (route.query != nullptr)
        for (const wire::Field& field : route.query->fields()) {
            json::Object parameter{{"name", field.name},
                                   {"in", "query"},
                                   {"required", field.required()},
                                   {"schema", field.codec->schema(field.rules, used)}};
            if (!field.rules.doc.empty())
                parameter.set("description", field.rules.doc);
            list.emplace_back(std::move(parameter));
        }
    return list;
}

/// What the host itself may answer on any connection, beside what a route can.
constexpr std::array kTransport{&errors::kMalformed,        &errors::kNotFound,
                                &errors::kMethodNotAllowed, &errors::kRequestTimeout,
                                &errors::kUriTooLong,       &errors::kExpectationFailed,
                                &errors::kHeaderTooLarge,   &errors::kRangeNotSatisfiable,
                                &errors::kNotImplemented,   &errors::kVersionNotSupported,
                                &errors::kLeaseLost};

/// Every error that a route can answer with, each once.
std::vector<const ErrorKind*> failuresOf(const Route& route) {
    std::vector<const ErrorKind*> all{&errors::kMalformed, &errors::kMethodNotAllowed, &errors::kInternal,
                                      &errors::kUnavailable, &errors::kDatabase};
    const auto add = [&](const ErrorKind& kind) {
        if (std::find(all.begin(), all.end(), &kind) == all.end())
            all.push_back(&kind);
    };
    if (!route.permission.isOpen()) {
        add(errors::kInvalidToken);
        add(errors::kForbidden);
    }
    if (!route.permission.isOpen() || route.throttle.declared())
        add(errors::kRateLimit);
    if (route.request != nullptr || route.query != nullptr)
        add(errors::kValidation);
    if (route.method != "GET")
        add(errors::kConflict);
    if (route.request != nullptr) {
        add(errors::kTooLarge);
        add(errors::kUnsupportedMedia);
    }
    if (takesVersion(route))
        add(errors::kPreconditionFailed);
    if (Idempotency::appliesTo(route)) {
        add(errors::kIdempotencyKeyReused);
        add(errors::kIdempotencyKeyInUse);
        add(errors::kIdempotencyAnswerLost);
    }
    if (route.webSocket)
        add(errors::kUpgradeRequired);
    for (const ErrorKind* kind : route.errors)
        add(*kind);
    return all;
}

json::Object header(const char* description) {
    return {{"description", description}, {"schema", json::Object{{"type", "string"}}}};
}

json::Object responses(const Route& route, std::vector<const wire::Type*>& used) {
    const int status = route.webSocket ? 101 : route.status;
    json::Object success{{"description", std::string(reasonPhrase(status))}};
    if (route.response != nullptr || route.responseIsList) {
        json::Object schema =
            route.response != nullptr ? reference(*route.response, used) : json::Object{{"type", "string"}};
        if (route.responseIsList)
            schema = json::Object{{"type", "array"}, {"items", std::move(schema)}};
        success.set("content", jsonContent(std::move(schema)));
    }
    if (!route.responseMedia.empty())
        success.set("content", json::Object{{route.responseMedia,
                                             json::Object{{"schema", json::Object{{"type", "string"}}}}}});
    json::Object headers;
    if (!route.location.empty())
        headers.set("Location", header("Where to find it"));
    if (route.versioned)
        headers.set("ETag", header("Its version, for If-Match"));
    if (!headers.empty())
        success.set("headers", std::move(headers));
    json::Object all{{std::to_string(status), success}};
    for (const int other : route.otherStatuses) {
        success.set("description", std::string(reasonPhrase(other)));
        all.set(std::to_string(other), success);
    }

    std::map<int, std::string> failures;
    for (const ErrorKind* kind : failuresOf(route)) {
        std::string& text = failures[kind->status];
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", kind->name, kind->meaning);
    }
    for (const auto& [failure, text] : failures)
        if (all.find(std::to_string(failure)) == nullptr) // the route has an answer of its own there
            all.set(
                std::to_string(failure),
                json::Object{{"description", text},
                             {"content", jsonContent(json::Object{{"$ref", "#/components/schemas/Error"}})}});
    return all;
}

std::string tagOf(const Route& route) {
    return route.module.empty() ? "core" : route.module;
}

/// Any one of the ways in which who may call it can show who they are.
json::Array securityOf(const Permission& permission) {
    json::Array ways{json::Object{{"bearer", json::Array{}}}};
    if (permission.admitsKind(PrincipalKind::user))
        ways.push_back(json::Object{{"basic", json::Array{}}});
    if (permission.admitsKind(PrincipalKind::agent) || permission.admitsKind(PrincipalKind::registration))
        ways.push_back(json::Object{{"agentKey", json::Array{}}});
    return ways;
}

std::string operationId(const Route& route) {
    std::string id = route.method;
    for (char& c : id)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    bool upper = true;
    for (const char c : route.path) {
        if (!std::isalnum(static_cast<unsigned char>(c))) {
            upper = true;
            continue;
        }
        id += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        upper = false;
    }
    return id;
}

json::Object operation(const Route& route, std::vector<const wire::Type*>& used) {
    json::Object object{
        {"operationId", operationId(route)}, {"summary", route.summary}, {"tags", json::Array{tagOf(route)}}};
    if (route.permission.isOpen()) {
        object.set("description", "Needs no credentials.");
        object.set("security", json::Array{});
    } else {
        std::string needs = "Permission " + route.permission.name();
        if (route.permission.least())
            needs += ", role " + std::string(roleName(*route.permission.least()));
        object.set("description", needs + ".");
        object.set("security", securityOf(route.permission));
    }
    auto list = parameters(route, used);
    if (Idempotency::appliesTo(route))
        list.push_back(json::Object{
            {"name", std::string(kIdempotencyHeader)},
            {"in", "header"},
            {"required", false},
            {"description",
             "A new random UUID for each change: the same request with the same key is done once and "
             "given the first answer again."},
            {"schema", json::Object{{"type", "string"}, {"minLength", 16}, {"maxLength", 128}}}});
    if (takesVersion(route))
        list.push_back(
            json::Object{{"name", "If-Match"},
                         {"in", "header"},
                         {"required", false},
                         {"description",
                          "The ETag of the version that was read: if it was changed since, nothing is done."},
                         {"schema", json::Object{{"type", "string"}}}});
    if (!list.empty())
        object.set("parameters", std::move(list));
    if (route.request != nullptr)
        object.set("requestBody", json::Object{{"required", true},
                                               {"content", jsonContent(reference(*route.request, used))}});
    object.set("responses", responses(route, used));
    return object;
}

json::Object errorNames(const std::vector<std::shared_ptr<const Route>>& routes) {
    std::set<std::string> names;
    for (const ErrorKind* kind : kTransport)
        names.emplace(kind->name);
    for (const auto& route : routes)
        for (const ErrorKind* kind : failuresOf(*route))
            names.emplace(kind->name);
    json::Array list;
    for (const auto& name : names)
        list.emplace_back(name);
    return {{"type", "string"}, {"description", "Which error it is"}, {"enum", std::move(list)}};
}

json::Object errorSchema() {
    const json::Object problem{{"type", "object"},
                               {"properties", json::Object{{"pointer", json::Object{{"type", "string"}}},
                                                           {"message", json::Object{{"type", "string"}}}}},
                               {"required", json::Array{"pointer", "message"}}};
    return {
        {"type", "object"},
        {"properties", json::Object{{"error", json::Object{{"$ref", "#/components/schemas/ErrorName"}}},
                                    {"message", json::Object{{"type", "string"}}},
                                    {"details", json::Object{{"type", json::Array{"array", "object", "null"}},
                                                             {"items", problem}}}}},
        {"required", json::Array{"error", "message", "details"}}};
}

} // namespace

std::string openApi(const std::vector<std::shared_ptr<const Route>>& routes, const std::string& version) {
    std::vector<const wire::Type*> used;
    json::Object paths;
    for (const auto& route : routes) {
        std::string path = route->path;
        if (const auto star = path.find("*}"); star != std::string::npos)
            path.erase(star, 1);
        if (paths.find(path) == nullptr)
            paths.set(path, json::Object());
        std::string method = route->method;
        for (char& c : method)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        paths.find(path)->object()->set(method, operation(*route, used));
    }
    std::set<std::string> modules;
    for (const auto& route : routes)
        modules.insert(tagOf(*route));
    json::Array tags;
    for (const auto& module : modules)
        tags.push_back(json::Object{
            {"name", module},
            {"description", module == "core" ? "The host itself." : "The module " + module + "."}});
    json::Object schemas{{"Error", errorSchema()}, {"ErrorName", errorNames(routes)}};
    for (std::size_t i = 0; i < used.size(); ++i) // grows while types refer to further types
        if (schemas.find(used[i]->name()) == nullptr) {
            auto schema = used[i]->schema(used);
            schemas.set(used[i]->name(), std::move(schema));
        }
    const json::Object document{
        {"openapi", "3.1.0"},
        {"info", json::Object{{"title", "Restic Monitor"},
                              {"version", version},
                              {"description", "Every request and answer, generated from the routes."},
                              {"contact", json::Object{{"name", "Whoever operates this host"}}},
                              {"license",
                               json::Object{{"name", "Apache License 2.0"}, {"identifier", "Apache-2.0"}}}}},
        {"servers", json::Array{json::Object{{"url", "/"}, {"description", "This host"}}}},
        {"tags", std::move(tags)},
        {"paths", std::move(paths)},
        {"components",
         json::Object{
             {"schemas", std::move(schemas)},
             {"securitySchemes",
              json::Object{
                  {"bearer", json::Object{{"type", "http"},
                                          {"scheme", "bearer"},
                                          {"description", "A session's access token, an API token, an "
                                                          "agent's or a registration token"}}},
                  {"basic", json::Object{{"type", "http"},
                                         {"scheme", "basic"},
                                         {"description", "Address and password of a person"}}},
                  {"agentKey", json::Object{{"type", "apiKey"},
                                            {"in", "header"},
                                            {"name", "X-Agent-API-Key"},
                                            {"description", "An agent's or a registration token"}}}}}}}};
    return json::write(json::Value(document));
}

} // namespace core::http
