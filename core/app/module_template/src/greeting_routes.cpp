#include "greeting_routes.h"

#include "core/http/page.h"
#include "core/wire.h"
#include "greeting_store.h"
#include "hello/events.h"

namespace hello {

using core::db::Transaction;
using core::http::Audit;
using core::http::Cursor;
using core::http::Outcome;
using core::http::Page;
using core::http::PageQuery;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

namespace {

struct NewGreeting {
    std::string text;
};
const wire::Type& wireType(const NewGreeting*) {
    static const auto type =
        wire::object<NewGreeting>("HelloNewGreeting", wire::strict)
            .field("text", &NewGreeting::text, {.doc = "What is said", .minLength = 1, .maxLength = 500})
            .build();
    return type;
}

struct GreetingView {
    core::Uuid id;
    std::string text;
    core::Instant createdAt;
};
const wire::Type& wireType(const GreetingView*) {
    static const auto type = wire::object<GreetingView>("HelloGreeting", wire::tolerant)
                                 .field("id", &GreetingView::id)
                                 .field("text", &GreetingView::text)
                                 .field("created_at", &GreetingView::createdAt)
                                 .build();
    return type;
}

GreetingView viewOf(const Greeting& greeting) {
    return {greeting.id, greeting.text, greeting.createdAt};
}

Outcome create(core::ModuleContext& context, Request& request) {
    const auto wanted = request.json<NewGreeting>();
    const auto now = context.clock().now();
    const Greeting greeting{core::Uuid::generate(now), wanted.text, now};
    return context.database().transact(request.tenant(), [&](Transaction& tx) {
        GreetingStore::insert(tx, greeting);
        request.audit().object("greeting", greeting.id.toString());
        // Sent after the commit: nobody hears of what was not stored.
        context.events().publishWith(tx,
                                     events::GreetingCreated{tx.tenant(), greeting.id, greeting.text, now});
        // A repetition with the same Idempotency-Key is given this answer again.
        return request.keep(Response::of(viewOf(greeting), 201));
    });
}

Outcome list(core::ModuleContext& context, Request& request) {
    const auto query = request.queryAs<PageQuery>();
    const auto after = query.after ? std::optional(Cursor::decode(*query.after)) : std::nullopt;
    auto greetings = context.database().read(
        request.tenant(), [&](Transaction& tx) { return GreetingStore::list(tx, after, query.limit); });
    return Response::of(core::http::makePage(
        std::move(greetings), query.limit,
        [](const Greeting& greeting) {
            return Cursor{core::toMicros(greeting.createdAt), greeting.id};
        },
        viewOf));
}

} // namespace

std::vector<core::http::Route> greetingRoutes(core::ModuleContext& context) {
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "POST",
                      .path = "/api/v1/hello/greetings",
                      .summary = "Greet",
                      .permission = Permission::role("hello.greetings.create", Role::operator_),
                      .audit = Audit::action("hello.greeting.created"),
                      .request = &wire::typeOf<NewGreeting>(),
                      .response = &wire::typeOf<GreetingView>(),
                      .status = 201,
                      .handler = [&context](Request& request) { return create(context, request); }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/hello/greetings",
                      .summary = "The greetings of the active tenant, newest first",
                      .permission = Permission::role("hello.greetings.read", Role::viewer),
                      .query = &wire::typeOf<PageQuery>(),
                      .response = &wire::typeOf<Page<GreetingView>>(),
                      .handler = [&context](Request& request) { return list(context, request); }});
    return routes;
}

} // namespace hello
