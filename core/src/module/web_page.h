#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/http/principal.h"
#include "core/wire.h"

namespace core::module {

/// A page's name in each language of the web application.
struct PageTitle {
    std::string en;
    std::string de;
};
const wire::Type& wireType(const PageTitle*);

/// A page that a module brings to the web application, as its manifest declares it.
struct WebPage {
    std::string path; ///< its address there is /m/<module>/<path>
    PageTitle title;
    std::optional<std::string> icon; ///< a picture in the web folder
    std::string entry;               ///< the ES module in the web folder that exports mount()
    std::string role;                ///< the least role that sees it
    std::int64_t order = 100;        ///< of its item in the menu, among those of all modules

    [[nodiscard]] http::Role least() const { return http::parseRole(role).value(); }
};
const wire::Type& wireType(const WebPage*);

} // namespace core::module
