#include <sstream>

#include <Poco/AutoPtr.h>
#include <Poco/DOM/DOMParser.h>
#include <Poco/DOM/Document.h>
#include <Poco/DOM/Element.h>
#include <Poco/DOM/NodeList.h>
#include <Poco/Exception.h>
#include <fmt/format.h>

#include "core/encoding.h"
#include "core/http/client.h"
#include "polling/snapshot_names.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::names {
namespace {
constexpr int kMostPages = 200; ///< of 1000 names

/// Who asks, and where.
struct Bucket {
    protocol::repositories::ServerAddress server;
    std::string bucket; ///< "/NAME"
    std::string prefix; ///< "FOLDER/" or ""
    std::string region;
    std::string keyId;
    std::string secret;
    std::string token;
};

std::optional<Bucket> bucketOf(const cli::RepositoryAccess& repository) {
    const auto place = protocol::repositories::s3().place(repository.url);
    const auto server = protocol::repositories::serverAddressOf(place.substr(place.find(':') + 1));
    const auto valueOf = [&](const char* name) {
        const auto found = repository.environment.find(name);
        return found == repository.environment.end() ? std::string() : found->second;
    };
    Bucket bucket;
    bucket.keyId = valueOf("AWS_ACCESS_KEY_ID");
    bucket.secret = valueOf("AWS_SECRET_ACCESS_KEY");
    bucket.token = valueOf("AWS_SESSION_TOKEN");
    bucket.region = valueOf("AWS_DEFAULT_REGION");
    if (bucket.region.empty())
        bucket.region = "us-east-1";
    if (!server || bucket.keyId.empty() || bucket.secret.empty())
        return std::nullopt;
    bucket.server = *server;
    auto path = server->path;
    if (!path.starts_with('/'))
        path.insert(path.begin(), '/');
    const auto slash = path.find('/', 1);
    bucket.bucket = path.substr(0, slash);
    if (slash != std::string::npos && slash + 1 < path.size())
        bucket.prefix = path.substr(slash + 1) + "/";
    return bucket.bucket.size() > 1 ? std::optional(std::move(bucket)) : std::nullopt;
}

/// Amazon's signature of a request without a body, version 4.
std::vector<std::pair<std::string, std::string>> signedHeaders(const Bucket& bucket, const std::string& host,
                                                               const std::string& path,
                                                               const std::string& query, core::Instant now) {
    const auto text = core::formatInstant(now); // 2026-01-02T03:04:05…
    const auto day = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
    const auto stamp = day + "T" + text.substr(11, 2) + text.substr(14, 2) + text.substr(17, 2) + "Z";
    const auto nothing = core::hexEncode(core::sha256(""));
    std::vector<std::pair<std::string, std::string>> headers{
        {"host", host}, {"x-amz-content-sha256", nothing}, {"x-amz-date", stamp}};
    if (!bucket.token.empty())
        headers.emplace_back("x-amz-security-token", bucket.token);
    std::string lines;
    std::string names;
    for (const auto& [name, value] : headers) {
        lines += name + ":" + value + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    const auto scope = day + "/" + bucket.region + "/s3/aws4_request";
    const auto request = "GET\n" + path + "\n" + query + "\n" + lines + "\n" + names + "\n" + nothing;
    auto key = core::hmacSha256("AWS4" + bucket.secret, day);
    for (const auto* part : {bucket.region.c_str(), "s3", "aws4_request"})
        key = core::hmacSha256(key, part);
    const auto signature = core::hexEncode(core::hmacSha256(
        key, "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + core::hexEncode(core::sha256(request))));
    headers.erase(headers.begin()); // the client says the host itself
    headers.emplace_back("Authorization",
                         fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                     bucket.keyId, scope, names, signature));
    return headers;
}

/// A page of names; the token of the next one, "" at the end, nullopt for no answer.
std::optional<std::string> readPage(const std::string& body, std::vector<std::string>& names) {
    try {
        Poco::XML::DOMParser parser;
        parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
        const Poco::AutoPtr<Poco::XML::Document> document = parser.parseString(body);
        const Poco::AutoPtr<Poco::XML::NodeList> keys = document->getElementsByTagName("Key");
        for (unsigned long i = 0; i < keys->length(); ++i) {
            const auto key = keys->item(i)->innerText();
            names.push_back(key.substr(key.rfind('/') + 1));
        }
        const Poco::AutoPtr<Poco::XML::NodeList> next =
            document->getElementsByTagName("NextContinuationToken");
        return next->length() > 0 ? next->item(0)->innerText() : std::string();
    } catch (const Poco::Exception&) {
        return std::nullopt;
    }
}

std::optional<std::vector<std::string>> entriesOf(core::http::Client& client, const Bucket& bucket,
                                                  const std::string& host, const std::string& folder,
                                                  std::chrono::steady_clock::time_point until) {
    std::vector<std::string> names;
    std::string token;
    for (int page = 0; page < kMostPages; ++page) {
        // In the order of the alphabet, as the signature wants them.
        auto query = token.empty() ? std::string() : "continuation-token=" + core::percentEncode(token) + "&";
        query += "list-type=2&prefix=" + core::percentEncode(bucket.prefix + folder + "/");
        core::http::ClientRequest request;
        request.path = "?" + query;
        request.timeout =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (request.timeout.count() <= 0)
            return std::nullopt;
        request.headers =
            signedHeaders(bucket, host, bucket.bucket, query,
                          std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
        const auto answer = client.send(request);
        if (!answer || answer.value().status != 200)
            return std::nullopt;
        const auto next = readPage(answer.value().body, names);
        if (!next)
            return std::nullopt;
        if (next->empty())
            return whole(std::move(names));
        token = *next;
    }
    return std::nullopt;
}
} // namespace

std::optional<RepositoryNames> ofBucket(const NameListing& listing) {
    const auto bucket = bucketOf(listing.repository);
    if (!bucket)
        return std::nullopt;
    const auto until = std::chrono::steady_clock::now() + listing.timeout;
    const auto host = hostInUrl(bucket->server.host) + bucket->server.port;
    try {
        core::http::Client client({.url = bucket->server.scheme + "://" + host + bucket->bucket,
                                   .caFile = listing.repository.certFile,
                                   .connectTimeout = listing.timeout});
        auto snapshots = entriesOf(client, *bucket, host, "snapshots", until);
        auto locks = snapshots ? entriesOf(client, *bucket, host, "locks", until) : std::nullopt;
        if (!locks)
            return std::nullopt;
        return RepositoryNames{std::move(*snapshots), std::move(*locks)};
    } catch (const core::Error&) { // restic says why
        return std::nullopt;
    }
}

} // namespace restic::names
