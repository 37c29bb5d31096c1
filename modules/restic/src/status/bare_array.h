#pragma once

#include <string>
#include <type_traits>

#include "core/http/message.h"
#include "core/wire.h"

namespace restic {

/// An answer that is a list without an object around it, as these routes always had it: each of `items` as
/// `view` shows it.
template <typename Items, typename View>
core::http::Response bareArray(const Items& items, const View& view) {
    std::string body = "[";
    for (const auto& item : items) {
        const auto& shown = view(item);
        if (body.size() > 1)
            body += ',';
        core::wire::typeOf<std::remove_cvref_t<decltype(shown)>>().write(&shown, body);
    }
    return core::http::Response::json(body + "]");
}

} // namespace restic
