#include "http/forwarded.h"

#include <optional>

#include "http/field_list.h"

namespace core::http {

namespace {

/// The last element of a list; takes it away.
std::string_view takeLast(std::string_view& list) {
    const auto comma = list.rfind(',');
    const auto last = trimBlanks(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return last;
}

/// An address as proxies write it: some add the port.
std::optional<IpAddress> addressOf(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos)
        text = text.substr(0, colon);
    return IpAddress::parse(text);
}

} // namespace

ClientAddress forwardedClient(const Headers& headers, ClientAddress own, const AddressSet& trusted) {
    const auto& fields = headers.fields();
    bool found = false, protocol = false;
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
        std::string_view list = field->second;
        if (!found && equalNoCase(field->first, "X-Forwarded-For"))
            while (!found && !list.empty()) {
                const auto address = addressOf(takeLast(list));
                if (address)
                    own.address = address->text();
                found = !address || !trusted.contains(*address);
            }
        if (!protocol && equalNoCase(field->first, "X-Forwarded-Proto")) {
            protocol = true;
            own.secure = equalNoCase(takeLast(list), "https");
        }
    }
    return own;
}

} // namespace core::http
