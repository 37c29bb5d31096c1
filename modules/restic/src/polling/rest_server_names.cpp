#include "polling/snapshot_names.h"

#include "core/encoding.h"
#include "core/http/client.h"
#include "core/json.h"
#include "errors.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::names {
namespace {
/// A hundred thousand snapshots take 9 MiB.
constexpr std::size_t kMostBytes = std::size_t{32} << 20U;

/// Standard base64, as Basic has it.
std::string base64(std::string_view bytes) {
    auto text = core::base64UrlEncode(bytes);
    for (auto& c : text)
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::optional<std::vector<std::string>> entriesOf(core::http::Client& client, std::string_view folder,
                                                  const std::string& credentials,
                                                  std::chrono::milliseconds timeout) {
    core::http::ClientRequest request;
    request.path = "/" + std::string(folder) + "/";
    request.timeout = timeout;
    request.headers.emplace_back("Accept", "application/vnd.x.restic.rest.v2");
    if (!credentials.empty())
        request.headers.emplace_back("Authorization", "Basic " + base64(credentials));
    const auto answer = client.send(request);
    // restic would follow, to wherever it leads.
    if (!answer && answer.error().name() == core::errors::kRedirected.name)
        throw core::Error(errors::kDirectPollForbidden, answer.error().what());
    if (!answer || answer.value().status != 200)
        return std::nullopt;
    const auto document = core::json::parse(answer.value().body);
    if (!document || document.value().array() == nullptr)
        return std::nullopt;
    std::vector<std::string> found;
    for (const auto& entry : *document.value().array()) // objects, or names alone from servers of before
        found.push_back(entry.string() != nullptr ? *entry.string() : entry.stringOr("name"));
    return whole(std::move(found));
}
} // namespace

std::optional<RepositoryNames> ofRestServer(const NameListing& listing) {
    const auto& repository = listing.repository;
    const auto timeout = listing.timeout / 2; // of each of the two
    const auto url =
        protocol::repositories::serverAddressOf(repository.url.substr(repository.url.find(':') + 1));
    if (!url)
        return std::nullopt;
    const auto valueOf = [&](const char* name) {
        const auto found = repository.environment.find(name);
        return found == repository.environment.end() ? std::string() : found->second;
    };
    // Before restic 0.16.1 the credentials stand in the address.
    auto credentials = valueOf("RESTIC_REST_USERNAME") + ":" + valueOf("RESTIC_REST_PASSWORD");
    if (credentials == ":")
        credentials = url->user.find(':') == std::string::npos ? "" : url->user;
    auto path = url->path;
    while (path.ends_with('/'))
        path.pop_back();
    try {
        core::http::Client client({.url = url->scheme + "://" + hostInUrl(url->host) + url->port +
                                          (path.empty() || path.starts_with('/') ? path : "/" + path),
                                   .caFile = repository.certFile,
                                   .connectTimeout = timeout,
                                   .maxBody = kMostBytes});
        auto snapshots = entriesOf(client, "snapshots", credentials, timeout);
        auto locks = snapshots ? entriesOf(client, "locks", credentials, timeout) : std::nullopt;
        if (!locks)
            return std::nullopt;
        return RepositoryNames{std::move(*snapshots), std::move(*locks)};
    } catch (const core::Error& error) { // an address or a certificate that cannot be used: restic says why
        if (error.name() == errors::kDirectPollForbidden.name)
            throw;
        return std::nullopt;
    }
}

} // namespace restic::names
