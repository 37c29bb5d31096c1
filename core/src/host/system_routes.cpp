#include "host/host.h"
#include "host/page_routes.h"

namespace core::host {

using http::Permission;
using http::Request;
using http::Response;
using http::Role;

namespace {

struct ModuleView {
    std::string id;
    std::string version;
    std::string description;
    std::string state;
    std::optional<std::string> step;
    std::optional<std::string> reason;
    std::map<std::string, std::string> dependencies;
};
const wire::Type& wireType(const ModuleView*) {
    static const auto type =
        wire::object<ModuleView>("Module", wire::tolerant, "A module as the host sees it")
            .field("id", &ModuleView::id)
            .field("version", &ModuleView::version)
            .field("description", &ModuleView::description)
            .field("state", &ModuleView::state,
                   {.oneOf = {"discovered", "running", "stopped", "failed", "skipped"}})
            .field("step", &ModuleView::step, {.doc = "Where it failed"})
            .field("reason", &ModuleView::reason, {.doc = "Why it failed or was skipped"})
            .field("dependencies", &ModuleView::dependencies)
            .build();
    return type;
}

struct ModuleList {
    std::vector<ModuleView> items;
    std::optional<std::string> next;
};
const wire::Type& wireType(const ModuleList*) {
    static const auto type = wire::object<ModuleList>("ModuleList", wire::tolerant)
                                 .field("items", &ModuleList::items)
                                 .field("next", &ModuleList::next)
                                 .build();
    return type;
}

struct HealthPart {
    std::string name;
    std::string status;
    std::optional<std::string> reason;
};
const wire::Type& wireType(const HealthPart*) {
    static const auto type = wire::object<HealthPart>("HealthPart", wire::tolerant)
                                 .field("name", &HealthPart::name)
                                 .field("status", &HealthPart::status, {.oneOf = {"ok", "failed"}})
                                 .field("reason", &HealthPart::reason)
                                 .build();
    return type;
}

struct Health {
    std::string status = "ok";
    std::string version;
    std::vector<HealthPart> parts;
};
const wire::Type& wireType(const Health*) {
    static const auto type = wire::object<Health>("Health", wire::tolerant)
                                 .field("status", &Health::status, {.oneOf = {"ok", "failed"}})
                                 .field("version", &Health::version)
                                 .field("parts", &Health::parts)
                                 .build();
    return type;
}

struct CertificateView {
    std::string subject;
    Instant expiresAt;
    std::optional<std::string> problem;
};
const wire::Type& wireType(const CertificateView*) {
    static const auto type =
        wire::object<CertificateView>("HostCertificate", wire::tolerant,
                                      "What the host shows who asks by TLS")
            .field("subject", &CertificateView::subject)
            .field("expires_at", &CertificateView::expiresAt)
            .field("problem", &CertificateView::problem,
                   {.doc = "Why it must be replaced: not valid yet, ended, or ending within two weeks"})
            .build();
    return type;
}

struct SystemView {
    std::string version;
    std::optional<CertificateView> certificate;
};
const wire::Type& wireType(const SystemView*) {
    static const auto type =
        wire::object<SystemView>("System", wire::tolerant)
            .field("version", &SystemView::version)
            .field("certificate", &SystemView::certificate, {.doc = "Absent where the host speaks no TLS"})
            .build();
    return type;
}

Health healthOf(Host& host) {
    Health health;
    health.version = version();
    for (auto& [name, reason] : host.health()) {
        const bool good = reason.empty();
        if (!good)
            health.status = "failed";
        health.parts.push_back({name, good ? "ok" : "failed",
                                good ? std::nullopt : std::optional<std::string>(std::move(reason))});
    }
    return health;
}

} // namespace

std::vector<http::Route> Host::systemRoutes() {
    const auto health = [this](Request&) -> http::Outcome {
        const Health now = healthOf(*this);
        Response response = Response::of(now, now.status == "ok" ? 200 : 503);
        if (response.status == 503)
            response.headers.add("Retry-After", "5");
        return response;
    };
    std::vector<http::Route> routes;
    routes.push_back({.method = "GET",
                      .path = "/health/live",
                      .summary = "The process answers",
                      .permission = Permission::open(),
                      .executor = http::Executor::probe,
                      .response = &wire::typeOf<Health>(),
                      .handler = [](Request&) -> http::Outcome {
                          Health now;
                          now.version = version();
                          return Response::of(now);
                      }});
    routes.push_back({.method = "GET",
                      .path = "/health/ready",
                      .summary = "Every part works; otherwise 503 and the part that fails",
                      .permission = Permission::open(),
                      .executor = http::Executor::blocking,
                      .response = &wire::typeOf<Health>(),
                      .otherStatuses = {503},
                      .handler = health});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/health",
                      .summary = "The same as /health/ready",
                      .permission = Permission::open(),
                      .executor = http::Executor::blocking,
                      .response = &wire::typeOf<Health>(),
                      .otherStatuses = {503},
                      .handler = health});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/modules",
                      .summary = "All modules with their state and, if they failed, the reason",
                      .permission = Permission::role("core.modules.read", Role::viewer),
                      .response = &wire::typeOf<ModuleList>(),
                      .handler = [this](Request&) -> http::Outcome {
                          ModuleList list;
                          for (const auto& record : modules_->records()) {
                              ModuleView view{record.id,
                                              record.version,
                                              record.description,
                                              std::string(module::stateName(record.state)),
                                              std::nullopt,
                                              std::nullopt,
                                              {}};
                              if (!record.reason.empty()) {
                                  view.step = record.step;
                                  view.reason = record.reason;
                              }
                              for (const auto& dependency : record.dependencies)
                                  view.dependencies[dependency.module] = dependency.versions;
                              list.items.push_back(std::move(view));
                          }
                          return Response::of(list);
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/system",
         .summary = "The host itself: its version, and the certificate that it shows",
         .permission = Permission::role("core.system.read", Role::admin),
         .response = &wire::typeOf<SystemView>(),
         .handler = [this](Request&) -> http::Outcome {
             SystemView view{std::string(version()), std::nullopt};
             if (const auto own = server_->certificate())
                 view.certificate = {own->subject, own->expiresAt, certificateProblem(*own, clock_.now())};
             return Response::of(view);
         }});
    routes.push_back(pagesRoute(*modules_));
    routes.push_back(
        {.method = "GET",
         .path = "/metrics",
         .summary = "Numbers in the text format of Prometheus: a tenant's token shows that tenant, a "
                    "system token the process and all tenants",
         .permission = Permission::role("core.metrics.read", Role::viewer),
         .executor = http::Executor::blocking,
         .responseMedia = "text/plain",
         .handler = [this](Request& request) -> http::Outcome {
             const db::Context context = request.principal().system ? db::Context(request.system("metrics"))
                                                                    : db::Context(request.tenant());
             Response response;
             response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
             response.body = metrics_.exposition(context);
             return response;
         }});
    if (config_->boolean("http.swagger"))
        routes.push_back({.method = "GET",
                          .path = "/openapi.json",
                          .summary = "This document",
                          .permission = Permission::open(),
                          .handler = [this](Request& request) -> http::Outcome {
                              return http::StaticFiles::answer(request, openApi_, "no-cache");
                          }});
    return routes;
}

} // namespace core::host
