#include "auth/jwt.h"

#include "core/encoding.h"
#include "core/error.h"
#include "core/random.h"

namespace base {

namespace {

using core::json::Object;
using core::json::Value;

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::size_t kLongest = 4096;
constexpr auto kSkew = std::chrono::seconds(60);
/// Year 9999: what is beyond does not fit an Instant everywhere.
constexpr std::int64_t kLatest = 253'402'300'799;

std::int64_t secondsOf(core::Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

struct Parts {
    std::string_view signedText;
    std::string_view signature;
    Object header;
    Object payload;
};

std::optional<Object> objectOf(std::string_view encoded) {
    const auto text = core::base64Decode(encoded);
    if (!text)
        return std::nullopt;
    auto document = core::json::parse(*text, {.maxBytes = kLongest, .maxDepth = 8});
    if (!document || document.value().object() == nullptr)
        return std::nullopt;
    return *document.value().object();
}

std::optional<Parts> split(std::string_view token) {
    if (token.size() > kLongest)
        return std::nullopt;
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    auto header = objectOf(token.substr(0, first));
    auto payload = objectOf(token.substr(first + 1, second - first - 1));
    if (!header || !payload)
        return std::nullopt;
    return Parts{token.substr(0, second), token.substr(second + 1), std::move(*header), std::move(*payload)};
}

std::optional<std::string> textClaim(const Object& claims, std::string_view name) {
    const Value* value = claims.find(name);
    return value == nullptr || value->string() == nullptr ? std::nullopt : std::optional(*value->string());
}

std::optional<core::Instant> timeClaim(const Object& claims, std::string_view name) {
    const Value* value = claims.find(name);
    if (value == nullptr || value->integer() == nullptr || *value->integer() < 0 ||
        *value->integer() > kLatest)
        return std::nullopt;
    return core::Instant(std::chrono::seconds(*value->integer()));
}

bool registered(std::string_view name) {
    for (const std::string_view known : {"sub", "iss", "aud", "iat", "nbf", "exp", "jti"})
        if (name == known)
            return true;
    return false;
}

} // namespace

JwtSigner::JwtSigner(std::string key, const core::Clock& clock, std::string issuer)
    : key_(std::move(key)), clock_(clock), issuer_(std::move(issuer)) {
    constexpr std::size_t kShortest = 32;
    if (key_.size() < kShortest)
        throw core::Error(
            core::errors::kValidation,
            "AE_JWT_SECRET is too short: give at least 32 bytes, for example from: openssl rand -base64 48");
}

std::string JwtSigner::sign(const TokenClaims& claims) const {
    Object payload{{"sub", claims.subject},
                   {"iss", issuer_},
                   {"aud", claims.audience},
                   {"exp", secondsOf(claims.expiresAt)},
                   {"iat", secondsOf(claims.issuedAt)}};
    if (claims.notBefore)
        payload.set("nbf", secondsOf(*claims.notBefore));
    // Two tokens of the same second must differ: their hashes are told apart.
    payload.set("jti", core::randomToken(12));
    for (const auto& [name, value] : claims.extra.members())
        if (!registered(name))
            payload.set(name, value);
    std::string token =
        core::base64UrlEncode(kHeader) + "." + core::base64UrlEncode(core::json::write(Value(payload)));
    return token + "." + core::base64UrlEncode(core::hmacSha256(key_, token));
}

TokenVerdict JwtSigner::verify(std::string_view token, std::string_view audience) const {
    const auto parts = split(token);
    if (!parts)
        return {TokenFault::malformed, {}};
    // The algorithm is ours to choose, never the token's.
    if (textClaim(parts->header, "alg") != "HS256" || textClaim(parts->header, "typ") != "JWT" ||
        parts->header.find("crit") != nullptr)
        return {TokenFault::signature, {}};
    // Compared as text: of the encodings that decode to the same bytes only ours is accepted.
    const auto expected = core::base64UrlEncode(core::hmacSha256(key_, parts->signedText));
    if (!core::equalConstantTime(expected, parts->signature))
        return {TokenFault::signature, {}};

    const auto& payload = parts->payload;
    if (textClaim(payload, "iss") != issuer_)
        return {TokenFault::issuer, {}};
    if (textClaim(payload, "aud") != audience)
        return {TokenFault::audience, {}};
    const auto subject = textClaim(payload, "sub");
    const auto issued = timeClaim(payload, "iat");
    const auto expires = timeClaim(payload, "exp");
    const auto begins = timeClaim(payload, "nbf");
    if (!subject || subject->empty() || !issued || !expires || (payload.find("nbf") != nullptr && !begins))
        return {TokenFault::malformed, {}};
    const auto now = clock_.now();
    if (now >= *expires + kSkew)
        return {TokenFault::expired, {}};
    if (*issued > now + kSkew || (begins && *begins > now + kSkew))
        return {TokenFault::notYetValid, {}};

    TokenVerdict verdict;
    verdict.claims = {*subject, std::string(audience), *issued, *expires, begins, {}};
    for (const auto& [name, value] : payload.members())
        if (!registered(name))
            verdict.claims.extra.set(name, value);
    return verdict;
}

std::optional<std::string> JwtSigner::audienceOf(std::string_view token) const {
    const auto parts = split(token);
    return parts ? textClaim(parts->payload, "aud") : std::nullopt;
}

} // namespace base
