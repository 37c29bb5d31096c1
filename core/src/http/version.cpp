#include "core/http/version.h"

#include <algorithm>

#include "core/encoding.h"
#include "http/field_list.h"

namespace core::http {

namespace {
std::string_view opaque(std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
}
} // namespace

std::string versionTag(std::string_view state) {
    return "W/\"" + hexEncode(sha256(state)).substr(0, 20) + "\"";
}

Response withVersion(Response response, std::string_view state) {
    response.headers.set("ETag", versionTag(state));
    return response;
}

bool namesVersion(const Request& request) {
    return request.headers.find("If-Match") != nullptr;
}

void requireVersion(const Request& request, std::string_view state) {
    const std::string* field = request.headers.find("If-Match");
    if (field == nullptr || trimBlanks(*field) == "*")
        return;
    const std::string current = versionTag(state);
    const auto listed = fieldList(*field);
    // Proxies that compress make a strong tag weak, so both are taken.
    if (std::none_of(listed.begin(), listed.end(),
                     [&](std::string_view one) { return opaque(one) == opaque(current); }))
        throw Error(errors::kPreconditionFailed,
                    "Somebody has changed this since you read it. Read it again, and "
                    "repeat your change if it is still right.");
}

} // namespace core::http
