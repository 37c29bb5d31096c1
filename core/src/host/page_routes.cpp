#include "host/page_routes.h"

#include <algorithm>

#include "http/asset.h"

namespace core::host {

using http::Permission;
using http::Role;

namespace {

struct PageView {
    std::string module;
    std::string path;
    module::PageTitle title;
    std::optional<std::string> icon;
    std::string entry;
    std::int64_t order = 0;
};
const wire::Type& wireType(const PageView*) {
    static const auto type =
        wire::object<PageView>("ModulePage", wire::tolerant,
                               "A page that a module adds to the web application")
            .field("module", &PageView::module)
            .field("path", &PageView::path, {.doc = "Its address is /m/MODULE/PATH"})
            .field("title", &PageView::title)
            .field("icon", &PageView::icon, {.doc = "Address of a picture"})
            .field("entry", &PageView::entry, {.doc = "Address of the ES module that exports mount()"})
            .field("order", &PageView::order)
            .build();
    return type;
}

struct PageList {
    std::vector<PageView> items;
    std::optional<std::string> next;
};
const wire::Type& wireType(const PageList*) {
    static const auto type = wire::object<PageList>("ModulePageList", wire::tolerant)
                                 .field("items", &PageList::items)
                                 .field("next", &PageList::next)
                                 .build();
    return type;
}

PageList pagesFor(const http::Principal& caller, const std::vector<module::ModuleRecord>& records) {
    PageList list;
    for (const auto& record : records) {
        if (record.state != module::ModuleRecord::State::running || !record.web)
            continue;
        for (const auto& page : record.pages) {
            const auto permission = Permission::role(record.id + ".pages." + page.path, page.least());
            if (!permission.admits(caller))
                continue;
            const auto address = [&](const std::string& file) {
                return http::moduleFileAddress(record.id, record.web->hash, file);
            };
            list.items.push_back({record.id, page.path, page.title,
                                  page.icon ? std::optional(address(*page.icon)) : std::nullopt,
                                  address(page.entry), page.order});
        }
    }
    std::stable_sort(list.items.begin(), list.items.end(),
                     [](const auto& a, const auto& b) { return a.order < b.order; });
    return list;
}

} // namespace

http::Route pagesRoute(const module::ModuleSet& modules) {
    return {.method = "GET",
            .path = "/api/v1/pages",
            .summary = "The pages of modules that the caller may see, in the order of the menu",
            .permission = Permission::role("core.pages.read", Role::viewer),
            .response = &wire::typeOf<PageList>(),
            .handler = [&modules](http::Request& request) -> http::Outcome {
                return http::Response::of(pagesFor(request.principal(), modules.records()));
            }};
}

} // namespace core::host
