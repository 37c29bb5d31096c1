#include "core/http/page.h"

#include <charconv>

#include "core/encoding.h"

namespace core::http {

const wire::Type& wireType(const PageQuery*) {
    static const auto type =
        wire::object<PageQuery>("PageQuery", wire::strict)
            .field("limit", &PageQuery::limit,
                   {.doc = "Items on one page", .optional = true, .min = 1, .max = 500})
            .field("after", &PageQuery::after, {.doc = "Cursor of the previous page", .maxLength = 200})
            .build();
    return type;
}

std::string Cursor::encode() const {
    return base64UrlEncode(std::to_string(key) + ":" + id.toString());
}

Cursor Cursor::decode(std::string_view text) {
    const auto plain = base64Decode(text);
    const auto colon = plain ? plain->find(':') : std::string::npos;
    Cursor cursor;
    if (colon != std::string::npos) {
        const auto [end, error] = std::from_chars(plain->data(), plain->data() + colon, cursor.key);
        const auto id = Uuid::parse(std::string_view(*plain).substr(colon + 1));
        if (error == std::errc{} && end == plain->data() + colon && id) {
            cursor.id = *id;
            return cursor;
        }
    }
    throw wire::validationError(
        {{"/after", "is no cursor of this API: take it from \"next\" of the previous page"}});
}

} // namespace core::http
