#include "http/content_coding.h"

#include <optional>
#include <sstream>

#include <Poco/DeflatingStream.h>

#include "http/field_list.h"

namespace core::http {

namespace {
/// "0.25" in thousandths; nullopt for what RFC 9110, 12.4.2 does not allow.
std::optional<int> thousandths(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
        (text.size() > 1 && text[1] != '.'))
        return std::nullopt;
    int value = (text[0] - '0') * 1000;
    int unit = 100;
    for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return std::nullopt;
        value += (text[i] - '0') * unit;
    }
    return value > 1000 ? std::nullopt : std::optional(value);
}
} // namespace

std::string_view codingName(Coding coding) noexcept {
    switch (coding) {
    case Coding::gzip:
        return "gzip";
    case Coding::brotli:
        return "br";
    case Coding::identity:
        break;
    }
    return "";
}

AcceptedCodings::AcceptedCodings(const Headers& headers) {
    if (const std::string* field = headers.find("Accept-Encoding"))
        read(*field);
}

void AcceptedCodings::read(std::string_view field) {
    std::optional<int> gzip, brotli, identity, other;
    for (const std::string_view entry : fieldList(field)) {
        const auto semicolon = entry.find(';');
        const std::string_view name = trimBlanks(entry.substr(0, semicolon));
        int weight = 1000;
        if (semicolon != std::string_view::npos) {
            const std::string_view parameter = trimBlanks(entry.substr(semicolon + 1));
            const auto quality =
                equalNoCase(parameter.substr(0, 2), "q=") ? thousandths(parameter.substr(2)) : std::nullopt;
            if (!quality)
                return;
            weight = *quality;
        }
        if (equalNoCase(name, "gzip") || equalNoCase(name, "x-gzip"))
            gzip = weight;
        else if (equalNoCase(name, "br"))
            brotli = weight;
        else if (equalNoCase(name, "identity"))
            identity = weight;
        else if (name == "*")
            other = weight;
    }
    gzip_ = gzip.value_or(other.value_or(0));
    brotli_ = brotli.value_or(other.value_or(0));
    identity_ = identity.value_or(0); // a client that lists codings wants them rather than none
}

Coding AcceptedCodings::choose(bool gzip, bool brotli) const noexcept {
    const int gzipWeight = gzip ? gzip_ : 0;
    const int brotliWeight = brotli ? brotli_ : 0;
    const bool isBrotli = brotliWeight > 0 && brotliWeight >= gzipWeight;
    const int best = isBrotli ? brotliWeight : gzipWeight;
    if (best == 0 || best < identity_)
        return Coding::identity;
    return isBrotli ? Coding::brotli : Coding::gzip;
}

std::string gzip(std::string_view text) {
    constexpr int kFastest = 1; // of zlib's levels
    std::ostringstream packed;
    {
        Poco::DeflatingOutputStream out(packed, Poco::DeflatingStreamBuf::STREAM_GZIP, kFastest);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.close();
    }
    return std::move(packed).str();
}

} // namespace core::http
