#include "polling/snapshot_names.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/encoding.h"

namespace restic {

namespace {
std::string digestOf(const std::vector<std::string>& names) {
    std::string all;
    all.reserve(names.size() * 65);
    for (const auto& name : names)
        all += name + '\n';
    return core::hexEncode(core::sha256(all));
}
} // namespace

std::string RepositoryNames::digest() const {
    return digestOf(snapshots);
}

std::string RepositoryNames::digestOfLocks() const {
    return digestOf(locks);
}

std::optional<RepositoryNames> listNames(const NameListing& listing) {
    using List = std::optional<RepositoryNames> (*)(const NameListing&);
    static const std::map<std::string, List> kinds{{"local", names::ofFolder},
                                                   {"rest", names::ofRestServer},
                                                   {"sftp", names::ofSftpServer},
                                                   {"s3", names::ofBucket}};
    const auto kind = kinds.find(listing.repository.type);
    return kind == kinds.end() ? std::nullopt : kind->second(listing);
}

namespace names {

std::string hostInUrl(const std::string& host) {
    return host.find(':') != std::string::npos && !host.starts_with('[') ? "[" + host + "]" : host;
}

std::vector<std::string> whole(std::vector<std::string> names) {
    constexpr std::size_t kIdLength = 64;
    std::erase_if(names, [](const std::string& name) {
        return name.size() != kIdLength || name.find_first_not_of("0123456789abcdef") != std::string::npos;
    });
    std::sort(names.begin(), names.end());
    return names;
}

namespace {
std::optional<std::vector<std::string>> entriesOf(const std::filesystem::path& folder) {
    std::error_code code;
    std::vector<std::string> found;
    for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code))
        found.push_back(at->path().filename().string());
    return code ? std::nullopt : std::optional(whole(std::move(found)));
}
} // namespace

std::optional<RepositoryNames> ofFolder(const NameListing& listing) {
    const auto folder = listing.repository.localFolder();
    std::error_code code;
    if (!folder || !std::filesystem::exists(*folder / "config", code))
        return std::nullopt;
    auto snapshots = entriesOf(*folder / "snapshots");
    auto locks = entriesOf(*folder / "locks");
    if (!snapshots || !locks)
        return std::nullopt;
    return RepositoryNames{std::move(*snapshots), std::move(*locks)};
}

} // namespace names
} // namespace restic
