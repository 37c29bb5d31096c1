#include "site_routes.h"

#include "base/errors.h"
#include "core/wire.h"
#include "site_store.h"
#include "sites/events.h"

namespace sites {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

namespace {

struct NewSite {
    std::string name;
};
const wire::Type& wireType(const NewSite*) {
    static const auto type = wire::object<NewSite>("NewSite", wire::strict)
                                 .field("name", &NewSite::name, {.minLength = 1, .maxLength = 100})
                                 .build();
    return type;
}

struct SiteView {
    core::Uuid id;
    std::string name;
    std::int64_t arrivals = 0;
};
const wire::Type& wireType(const SiteView*) {
    static const auto type = wire::object<SiteView>("Site", wire::tolerant)
                                 .field("id", &SiteView::id)
                                 .field("name", &SiteView::name)
                                 .field("arrivals", &SiteView::arrivals, {.doc = "Agents that joined since"})
                                 .build();
    return type;
}

struct SiteList {
    std::vector<SiteView> items;
    std::int64_t ofAllTenants = 0;
};
const wire::Type& wireType(const SiteList*) {
    static const auto type = wire::object<SiteList>("SiteList", wire::tolerant)
                                 .field("items", &SiteList::items)
                                 .field("of_all_tenants", &SiteList::ofAllTenants,
                                        {.doc = "As of the last census; -1 before the first"})
                                 .build();
    return type;
}

struct HeardView {
    std::string key;
    bool durable = false;
    core::json::Value fields;
};
const wire::Type& wireType(const HeardView*) {
    static const auto type = wire::object<HeardView>("SitesHeardEvent", wire::tolerant)
                                 .field("key", &HeardView::key)
                                 .field("durable", &HeardView::durable)
                                 .field("fields", &HeardView::fields)
                                 .build();
    return type;
}

struct HeardList {
    std::vector<HeardView> items;
};
const wire::Type& wireType(const HeardList*) {
    static const auto type =
        wire::object<HeardList>("SitesHeardEvents", wire::tolerant).field("items", &HeardList::items).build();
    return type;
}

Outcome add(Parts& parts, Request& request) {
    const auto wanted = request.json<NewSite>();
    const auto longest = parts.context.config().integer("sites.name_length");
    if (static_cast<std::int64_t>(wanted.name.size()) > longest)
        throw core::Error(core::errors::kValidation, "The name is too long.",
                          {{"/name", "must have " + std::to_string(longest) + " bytes at most"}});
    const Site site{core::Uuid::generate(parts.context.clock().now()), wanted.name};
    return parts.context.database().transact(request.tenant(), [&](Transaction& tx) {
        // No more places than machines: counted under the lock, so that two requests cannot share the last
        // one.
        const auto limits = parts.limits->getForCreation(tx, tx.tenant());
        base::TenantLimits::require(SiteStore::count(tx), limits.agents, "sites");
        SiteStore::insert(tx, site);
        request.audit().object("site", site.id.toString());
        parts.context.events().publishWith(tx, events::SiteAdded{tx.tenant(), site.name});
        return request.keep(Response::of(SiteView{site.id, site.name, 0}, 201));
    });
}

Outcome list(Parts& parts, Request& request) {
    const auto sites =
        parts.context.database().read(request.tenant(), [](Transaction& tx) { return SiteStore::list(tx); });
    SiteList answer;
    answer.ofAllTenants = parts.census.sites();
    for (const auto& site : sites)
        answer.items.push_back({site.id, site.name, site.arrivals});
    return Response::of(answer);
}

Outcome heard(Parts& parts, Request&) {
    HeardList answer;
    for (auto& entry : parts.heard.all())
        answer.items.push_back({entry.key, entry.durable, std::move(entry.fields)});
    return Response::of(answer);
}

} // namespace

std::vector<core::http::Route> siteRoutes(Parts& parts) {
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "POST",
                      .path = "/api/v1/sites",
                      .summary = "Add a site",
                      .permission = Permission::role("sites.sites.add", Role::operator_),
                      .audit = Audit::action("sites.site.added"),
                      .request = &wire::typeOf<NewSite>(),
                      .response = &wire::typeOf<SiteView>(),
                      .status = 201,
                      .errors = {&base::errors::kTenantLimitReached, &core::errors::kConflict},
                      .handler = [&parts](Request& request) { return add(parts, request); }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/sites",
                      .summary = "The sites of the active tenant",
                      .permission = Permission::role("sites.sites.read", Role::viewer),
                      .response = &wire::typeOf<SiteList>(),
                      .handler = [&parts](Request& request) { return list(parts, request); }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/sites/heard",
                      .summary = "The last event of each kind that the module got, of all tenants",
                      .permission = Permission::role("sites.heard.read", Role::admin),
                      .response = &wire::typeOf<HeardList>(),
                      .handler = [&parts](Request& request) { return heard(parts, request); }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/sites/live",
                      .summary = "A WebSocket that says the name of each new site",
                      .permission = Permission::role("sites.sites.read", Role::viewer),
                      .webSocket = core::http::WebSocketLimits{.message = 0},
                      .handler = [&parts](Request& request) -> Outcome {
                          return parts.live.watch(request.tenant().tenant());
                      }});
    return routes;
}

} // namespace sites
