#include "polling/direct_access.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include "errors.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_errors.h"

namespace restic {

using core::http::AddressSet;
using core::http::IpAddress;
using protocol::TaskRepository;

namespace {
/// Where only this machine or its neighbours are reached.
const AddressSet& closedNetworks() {
    static const AddressSet set =
        AddressSet::parse({"0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10",  "127.0.0.0/8",
                           "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",   "192.168.0.0/16",
                           "198.18.0.0/15",  "224.0.0.0/4",   "240.0.0.0/4",    "::/96",
                           "192.88.99.0/24", "64:ff9b::/96",  "64:ff9b:1::/48", "2002::/16",
                           "fec0::/10",      "fc00::/7",      "fe80::/10",      "ff00::/8"})
            .value();
    return set;
}

/// Whether a file or folder, wherever its links lead, is below one of the roots.
bool isBelow(const std::string& path, const std::vector<std::string>& roots) {
    std::error_code code;
    const auto real = std::filesystem::weakly_canonical(path, code);
    if (code || !std::filesystem::path(path).is_absolute())
        return false;
    return std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
        std::error_code ofRoot;
        const auto folder = std::filesystem::weakly_canonical(root, ofRoot);
        const auto relative = real.lexically_relative(folder);
        return !ofRoot && !relative.empty() && *relative.begin() != ".." && relative != ".";
    });
}

std::string textOf(const TaskRepository& repository, const std::string& field) {
    const auto* value = repository.config.find(field);
    return value != nullptr && value->string() != nullptr ? *value->string() : std::string();
}

/// Whether the field of a secret has one, from the vault or from a file.
bool hasSecret(const TaskRepository& repository, const std::string& field) {
    return repository.secrets.contains(field) || !textOf(repository, field + "_file").empty();
}

/// Without which the machine's own identity would be used, by kind.
std::optional<std::string> missingCredentials(const TaskRepository& repository) {
    const auto has = [&](const char* field) { return hasSecret(repository, field); };
    const auto inEnvironment = [&](const char* name) { return repository.environment.contains(name); };
    if (repository.type == "sftp" && (!has("key") || !has("known_hosts")))
        return "its own key and known_hosts: this server's SSH keys are not for tenants";
    if (repository.type == "s3" && !has("secret_access_key") && !inEnvironment("AWS_SECRET_ACCESS_KEY"))
        return "access_key_id and secret_access_key: this server's own identity is not for tenants";
    if (repository.type == "azure" && !has("account_key") && !has("account_sas") &&
        !inEnvironment("AZURE_ACCOUNT_KEY") && !inEnvironment("AZURE_ACCOUNT_SAS"))
        return "account_key or account_sas: this server's own identity is not for tenants";
    if (repository.type == "gcs") {
        const auto* kind = protocol::findRepositoryKind(repository.type);
        const bool any = std::any_of(kind->fields.begin(), kind->fields.end(), [&](const auto& field) {
            return field.secret && hasSecret(repository, field.name);
        });
        if (!any)
            return "its service account's key: this server's own identity is not for tenants";
    }
    return std::nullopt;
}

/// The server of an address in restic's syntax; nullopt where it names none that can be told.
std::optional<std::string> hostOfAddress(const std::string& type, const std::string& url) {
    auto text = url.substr(url.find(':') + 1);
    if (type == "sftp" && !text.starts_with("//")) {
        // [USER@]HOST:PATH
        const auto at = text.find('@');
        const auto host = text.substr(at == std::string::npos ? 0 : at + 1);
        const auto end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
        return end == 0 || end == std::string::npos ? std::nullopt : std::optional(host.substr(0, end));
    }
    if (type == "sftp")
        text = "ssh:" + text;
    else if (text.find("://") == std::string::npos)
        text = "https://" + text.substr(std::min(text.find_first_not_of('/'), text.size()));
    const auto server = protocol::repositories::serverAddressOf(text);
    return server && !server->host.empty() ? std::optional(server->host) : std::nullopt;
}

/// Every server that the repository leads to; nullopt where one of them cannot be told.
std::optional<std::set<std::string>> hostsOf(const TaskRepository& repository) {
    std::set<std::string> hosts;
    const auto add = [&](const std::optional<std::string>& host) {
        if (host)
            hosts.insert(*host);
        return host.has_value();
    };
    if ((repository.type == "rest" || repository.type == "s3" || repository.type == "sftp") &&
        !add(hostOfAddress(repository.type, repository.url)))
        return std::nullopt;
    for (const auto* field : {"endpoint", "url", "host", "auth_url", "storage_url", "v1_auth_url"})
        if (const auto value = textOf(repository, field); !value.empty()) {
            const bool bare = std::string_view(field) == "host";
            if (!add(bare ? std::optional(value) : hostOfAddress("https", "https:" + value)))
                return std::nullopt;
        }
    if (const auto suffix = textOf(repository, "endpoint_suffix"); !suffix.empty())
        hosts.insert(textOf(repository, "account_name") + ".blob." + suffix);
    return hosts;
}

/// What a repository may have in restic's environment beside its fields: nothing that names a file, a server
/// or another identity.
bool isHarmless(const std::string& variable) {
    static const std::set<std::string> names{"AWS_DEFAULT_REGION",   "AWS_REGION",
                                             "AWS_ACCESS_KEY_ID",    "AWS_SECRET_ACCESS_KEY",
                                             "AWS_SESSION_TOKEN",    "AZURE_ACCOUNT_NAME",
                                             "AZURE_ACCOUNT_KEY",    "AZURE_ACCOUNT_SAS",
                                             "B2_ACCOUNT_ID",        "B2_ACCOUNT_KEY",
                                             "GOOGLE_PROJECT_ID",    "RESTIC_COMPRESSION",
                                             "RESTIC_PACK_SIZE",     "RESTIC_READ_CONCURRENCY",
                                             "RESTIC_REST_PASSWORD", "RESTIC_REST_USERNAME"};
    return names.contains(variable);
}

/// A key of Google's may name files to read, addresses to ask and programs to run: only a service account's
/// is one that leads nowhere else.
bool isPlainServiceAccount(const std::string& text) {
    static const std::set<std::string> known{"type",
                                             "project_id",
                                             "private_key_id",
                                             "private_key",
                                             "client_email",
                                             "client_id",
                                             "auth_uri",
                                             "token_uri",
                                             "auth_provider_x509_cert_url",
                                             "client_x509_cert_url",
                                             "universe_domain"};
    const auto read = core::json::parse(text);
    if (!read || read.value().object() == nullptr)
        return false;
    for (const auto& [name, value] : read.value().object()->members())
        if (!known.contains(name) || value.string() == nullptr)
            return false;
    return read.value().stringOr("type") == "service_account" &&
           read.value().stringOr("token_uri") == "https://oauth2.googleapis.com/token" &&
           read.value().stringOr("universe_domain", "googleapis.com") == "googleapis.com";
}
} // namespace

std::vector<IpAddress> resolveHost(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    auto name = host;
    if (name.starts_with('[') && name.ends_with(']'))
        name = name.substr(1, name.size() - 2);
    std::vector<IpAddress> found;
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0)
        return found;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    for (const auto* one = list; one != nullptr; one = one->ai_next)
        if (one->ai_family == AF_INET)
            found.push_back(IpAddress::v4(reinterpret_cast<const std::uint8_t*>(
                &reinterpret_cast<const sockaddr_in*>(one->ai_addr)->sin_addr)));
        else if (one->ai_family == AF_INET6)
            found.push_back(
                IpAddress::v6(reinterpret_cast<const sockaddr_in6*>(one->ai_addr)->sin6_addr.s6_addr));
    return found;
}

std::optional<std::string> DirectAccess::refusalOfFiles(const TaskRepository& repository) const {
    const auto refused = [&](const std::string& what, const std::string& path) {
        return fmt::format(
            "{} {} is a file of this server, which gives only those below "
            "restic.monitor.secret_roots (AE_DIRECT_SECRET_ROOTS). Put it into the vault instead.",
            what, path);
    };
    if (repository.passwordFile && !isBelow(*repository.passwordFile, settings_.secretRoots))
        return refused("The password file", *repository.passwordFile);
    if (repository.certFile && !repository.certFile->empty() &&
        !isBelow(*repository.certFile, settings_.secretRoots))
        return refused("The certificate file", *repository.certFile);
    for (const auto& field : protocol::findRepositoryKind(repository.type)->fields)
        if (const auto path = field.secret ? textOf(repository, field.name + "_file") : "";
            !path.empty() && !isBelow(path, settings_.secretRoots))
            return refused("The file of " + field.name + ",", path);
    return std::nullopt;
}

std::optional<std::string> DirectAccess::refusal(const TaskRepository& repository) const {
    const auto* kind = protocol::findRepositoryKind(repository.type);
    if (kind == nullptr || kind->name == "rclone")
        return fmt::format(
            "Repositories of the kind {} run programs of this server: only an agent can watch them.",
            repository.type);
    if (kind->onDisk) {
        const auto folder = cli::localFolderOf(repository.type, repository.url);
        if (!folder || !isBelow(folder->string(), settings_.localRoots))
            return fmt::format("The folder {} is on this server's own disk, which shows only what is below "
                               "restic.monitor.local_roots (AE_DIRECT_LOCAL_ROOTS).",
                               folder ? folder->string() : repository.url);
    }
    for (const auto& [name, value] : repository.environment)
        if (!isHarmless(name))
            return fmt::format(
                "The environment variable {} is not for a repository that this server looks at itself.",
                name);
    if (const auto key = repository.secrets.find("credentials");
        repository.type == "gcs" && key != repository.secrets.end() && !isPlainServiceAccount(key->second))
        return "This server looks at Google's storage only with the plain key of a service account, as "
               "Google hands "
               "it out.";
    if (const auto missing = missingCredentials(repository))
        return fmt::format("A repository of the kind {} that this server looks at itself needs {}.",
                           repository.type, *missing);
    return refusalOfFiles(repository);
}

std::optional<protocol::TaskError> DirectAccess::refusalOfServer(const TaskRepository& repository) const {
    const auto forbidden = [](std::string message) {
        return protocol::TaskError{std::string(errors::kDirectPollForbidden.name), std::move(message),
                                   std::string(errors::kDirectPollForbidden.recovery)};
    };
    if (protocol::findRepositoryKind(repository.type)->onDisk)
        return std::nullopt;
    const auto hosts = hostsOf(repository);
    if (!hosts)
        return forbidden("The repository's address names no server that can be told: write it as a URL.");
    for (const auto& host : *hosts) {
        const auto addresses = resolve_(host);
        if (addresses.empty()) // restic might understand what this machine does not
            return protocol::task_errors::make(protocol::task_errors::kNetworkError,
                                               "The server's name " + host + " has no address.");
        for (const auto& address : addresses)
            if (closedNetworks().contains(address) && !settings_.networks.contains(address))
                return forbidden(fmt::format(
                    "The server {} has the address {}, in a network that is not public. Its operator "
                    "allows it with restic.monitor.networks (AE_DIRECT_NETWORKS).",
                    host, address.text()));
    }
    return std::nullopt;
}

std::variant<cli::RepositoryAccess, protocol::TaskError>
DirectAccess::to(const TaskRepository& repository, const std::optional<cli::ResticVersion>& restic) const {
    if (const auto refused = refusal(repository))
        return protocol::TaskError{std::string(errors::kDirectPollForbidden.name), *refused,
                                   std::string(errors::kDirectPollForbidden.recovery)};
    if (auto refused = refusalOfServer(repository))
        return std::move(*refused);
    return cli::accessTo(repository, {{}, {"b2", "swift"}, restic});
}

} // namespace restic
