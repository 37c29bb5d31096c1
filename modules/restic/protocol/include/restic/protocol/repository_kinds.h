#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/wire.h"

/// The kinds of repositories: each is one declaration in `repositories/`, from which come the API's schema,
/// the validation on host and agent, restic's address and environment, the page's form and
/// docs/repositories.md.
namespace restic::protocol {

/// One field of a repository's `config`.
struct RepositoryField {
    std::string name;
    std::string doc;
    /// The variable in which restic takes the value; empty for a part of the address or of an option.
    std::string variable = {};
    bool required = false;
    /// Given as `NAME`, which only the vault keeps, or as `NAME_file`: the path of a file on the agent that
    /// holds it.
    bool secret = false;
    /// restic wants the path of a file that holds the value.
    bool asFile = false;
    /// Says where it is, beside the address: one container name may be in two accounts.
    bool ofPlace = false;
    /// Leads to another server, which would see the secrets: whoever changes it gives them again, as with the
    /// address.
    bool leads = false;
    /// The field without which this one means nothing; empty for none.
    std::string needs = {};
    /// A whole number of this range instead of text.
    std::optional<std::pair<int, int>> range = {};
    std::string example = {};
    /// What is wrong with a value, or nothing.
    std::function<std::optional<std::string>(const std::string&)> check = {};
};

/// Values by the names of their fields; numbers in digits.
using RepositoryValues = std::map<std::string, std::string>;

struct RepositoryKind {
    std::string name; ///< "s3"
    std::string doc;
    std::string prefix; ///< of restic's addresses: "s3:"
    /// On a disk of one machine: only its agent reaches it.
    bool onDisk = false;
    /// Only agents whose own configuration allows it (restic.allow_backends) work with it.
    bool byAgentsLeave = false;
    std::vector<RepositoryField> fields;
    /// restic's address from the fields; never with a secret in it.
    std::string (*address)(const RepositoryValues& values);
    /// One spelling for all valid addresses that lead to the same place: it tells whether two are the same
    /// repository, and restic never sees it.
    std::string (*place)(const std::string& address);
    /// What is wrong with what stands behind the prefix of an address that somebody wrote, or nothing; null:
    /// all that has no option, parameter or password in it will do.
    std::optional<std::string> (*checkAddress)(const std::string& behindPrefix) = nullptr;
    /// Values of restic's -o, from the fields and the paths of those that are files (of secrets too); null:
    /// none.
    std::vector<std::string> (*options)(const RepositoryValues& values) = nullptr;
    /// The type of `config`: see configTypeOf().
    const core::wire::Type& (*config)();
};

/// All of them, in the order in which they are shown.
const std::vector<const RepositoryKind*>& repositoryKinds();
/// Null for a kind that there is not.
const RepositoryKind* findRepositoryKind(std::string_view name) noexcept;
/// The kind for which restic would take the address; null for what is none of ours.
const RepositoryKind* kindOfAddress(std::string_view address) noexcept;

namespace repositories {
const RepositoryKind& local();
const RepositoryKind& sftp();
const RepositoryKind& s3();
const RepositoryKind& rest();
const RepositoryKind& azure();
const RepositoryKind& gcs();
const RepositoryKind& b2();
const RepositoryKind& swift();
const RepositoryKind& rclone();

/// Checks that several kinds share.
/// A folder below "/".
std::optional<std::string> checkAbsolutePath(const std::string& text);
/// The same for a file that may stand in an option of restic's: no quotes, no backslashes.
std::optional<std::string> checkFilePath(const std::string& text);
std::optional<std::string> checkHost(const std::string& text);
/// "HOST", "HOST:PORT" or a URL.
std::optional<std::string> checkServer(const std::string& text);
/// A bucket or container: a word of the length that storages allow.
std::optional<std::string> checkContainer(const std::string& text);
/// A private SSH key that opens without a passphrase.
std::optional<std::string> checkPrivateKey(const std::string& text);
/// An account or user: letters, digits, ".", "-", "_"; no option, no separator.
std::optional<std::string> checkWord(const std::string& text);
/// What is given as base64 text.
std::optional<std::string> checkBase64(const std::string& text);
/// A path below a bucket: one line, no credentials.
std::optional<std::string> checkLine(const std::string& text);
std::optional<std::string> checkHttpUrl(const std::string& text);
/// The value, or "" where there is none.
std::string valueOf(const RepositoryValues& values, const std::string& name);
/// "/path" without slashes at its end; "" where there is none.
std::string pathBelow(const RepositoryValues& values, const std::string& name);

/// A path in one spelling: no empty parts, no "." and "..", no "/" at its end.
std::string cleanPath(std::string_view path);
/// The parts of a URL in one spelling, except for its path: without what "%" stands for, otherwise as given.
struct ServerAddress {
    std::string scheme;
    std::string user;
    std::string host;
    std::string port; ///< ":PORT"; "" for the scheme's own
    std::string path;
};
/// Nullopt for what is no URL.
std::optional<ServerAddress> serverAddressOf(const std::string& url);
/// The place of an address "KIND:CONTAINER:PATH".
std::string placeInContainer(const std::string& address);
} // namespace repositories

} // namespace restic::protocol
