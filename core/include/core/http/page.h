#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/export.h"
#include "core/uuid.h"
#include "core/wire.h"

namespace core::http {

/// The query parameters of every list. Derive from it to add filters, and include<PageQuery>() in the
/// declaration.
struct PageQuery {
    int limit = 50;
    std::optional<std::string> after;
};
CORE_EXPORT const wire::Type& wireType(const PageQuery*);

/// Where a page ended: the sort key and the id of its last row. Pages go by key, never by offset.
struct Cursor {
    std::int64_t key = 0;
    Uuid id;
    [[nodiscard]] CORE_EXPORT std::string encode() const;
    /// Throws errors::kValidation for text that this project did not write.
    [[nodiscard]] CORE_EXPORT static Cursor decode(std::string_view text);
};

/// The shape of every list.
template <typename T>
struct Page {
    std::vector<T> items;
    std::optional<std::string> next;
};
template <wire::detail::Declared T>
const wire::Type& wireType(const Page<T>*) {
    static const auto type =
        wire::object<Page<T>>(wire::typeOf<T>().name() + "Page", wire::tolerant)
            .field("items", &Page<T>::items)
            .field("next", &Page<T>::next, {.doc = "Cursor of the next page; null at the end"})
            .build();
    return type;
}

/// Turns rows, of which a store read one more than the page holds if there are more, into the page.
/// `cursorOf(row)` is where a page that ends with this row ends; `viewOf(row)`, which may take the row's
/// contents, is its item.
template <typename Row, typename CursorOf, typename ViewOf>
auto makePage(std::vector<Row> rows, int limit, CursorOf&& cursorOf, ViewOf&& viewOf) {
    Page<std::decay_t<decltype(viewOf(rows.front()))>> page;
    if (rows.size() > static_cast<std::size_t>(limit)) {
        rows.resize(static_cast<std::size_t>(limit));
        page.next = Cursor(cursorOf(rows.back())).encode();
    }
    page.items.reserve(rows.size());
    for (Row& row : rows)
        page.items.push_back(viewOf(std::move(row)));
    return page;
}

} // namespace core::http
