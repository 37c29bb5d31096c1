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
        AddressSet::parse({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                           "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
                           "240.0.0.0/4", "::/127", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8"})
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

/// Every server that the repository's address or config leads to.
std::set<std::string> hostsOf(const TaskRepository& repository) {
    std::set<std::string> hosts;
    const auto add = [&](const std::string& url) {
        if (const auto server = protocol::repositories::serverAddressOf(url); server && !server->host.empty())
            hosts.insert(server->host);
    };
    const auto* kind = protocol::findRepositoryKind(repository.type);
    const auto place = kind->place(repository.url);
    add(place.starts_with(repository.type + "://") ? place : place.substr(place.find(':') + 1));
    for (const auto& [name, value] : repository.config.members())
        if (const auto* text = value.string())
            add(*text);
    for (const auto& [name, value] : repository.environment)
        add(value);
    if (const auto suffix = textOf(repository, "endpoint_suffix"); !suffix.empty())
        hosts.insert(textOf(repository, "account_name") + ".blob." + suffix);
    return hosts;
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
    if (const auto missing = missingCredentials(repository))
        return fmt::format("A repository of the kind {} that this server looks at itself needs {}.",
                           repository.type, *missing);
    return refusalOfFiles(repository);
}

std::optional<std::string> DirectAccess::refusalOfServer(const TaskRepository& repository) const {
    if (protocol::findRepositoryKind(repository.type)->onDisk)
        return std::nullopt;
    for (const auto& host : hostsOf(repository))
        for (const auto& address : resolve_(host))
            if (closedNetworks().contains(address) && !settings_.networks.contains(address))
                return fmt::format(
                    "The server {} has the address {}, in a network that is not public. Its operator "
                    "allows it with restic.monitor.networks (AE_DIRECT_NETWORKS).",
                    host, address.text());
    return std::nullopt;
}

std::variant<cli::RepositoryAccess, protocol::TaskError>
DirectAccess::to(const TaskRepository& repository, const std::optional<cli::ResticVersion>& restic) const {
    auto refused = refusal(repository);
    if (!refused)
        refused = refusalOfServer(repository);
    if (refused)
        return protocol::TaskError{std::string(errors::kDirectPollForbidden.name), *refused,
                                   std::string(errors::kDirectPollForbidden.recovery)};
    return cli::accessTo(repository, {{}, {"b2", "swift"}, restic});
}

} // namespace restic
