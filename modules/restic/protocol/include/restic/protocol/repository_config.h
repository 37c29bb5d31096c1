#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "restic/protocol/repository_kinds.h"

/// What a repository's `config` says, by the declaration of its kind.
namespace restic::protocol {

struct RepositoryConfig {
    RepositoryValues values;  ///< plain ones
    RepositoryValues secrets; ///< in clear: for the vault, or for restic
    RepositoryValues files;   ///< of secrets: paths on the agent of files that hold them
};

/// Where a repository's address comes from.
enum class Address {
    inConfig, ///< the fields that make it are in the config
    beside,   ///< it is given beside the config, which must not say it as well
    known     ///< it was made before: the fields may be there or not
};

/// The wire type of `config` of a kind, with `NAME_file` beside each secret.
core::wire::Type makeConfigType(const RepositoryKind& kind);
template <const RepositoryKind& (*kind)()>
const core::wire::Type& configTypeOf() {
    static const core::wire::Type type = makeConfigType(kind());
    return type;
}

/// Problems have pointers below the config.
core::Result<RepositoryConfig> readConfig(const RepositoryKind& kind, const core::json::Object& config,
                                          Address address = Address::inConfig);
/// Fields that are missing beside others that mean nothing without them; `kept`: secrets that the vault has.
std::vector<core::Problem> missingPartners(const RepositoryKind& kind, const RepositoryConfig& config,
                                           const std::vector<std::string>& kept = {});
/// What is wrong with an address that somebody writes in restic's own syntax.
std::vector<std::string> problemsOfAddress(const RepositoryKind& kind, std::string_view address);
/// What may be stored and shown: values and paths, no secret.
core::json::Object plainConfig(const RepositoryKind& kind, const RepositoryConfig& config);

/// A secret that restic wants as the path of a file.
struct SecretAsFile {
    std::string variable; ///< which gets the path; empty: an option does
    std::string content;
};

/// What restic gets for a repository.
struct RepositoryEnvironment {
    std::map<std::string, std::string> variables;
    /// Variables that name a file whose content is the value: paths on the agent.
    std::map<std::string, std::string> fromFiles;
    /// By field.
    std::map<std::string, SecretAsFile> asFiles;
    /// For RepositoryKind::options: what is plain, and the paths of secrets that are files already.
    RepositoryValues values;
};
RepositoryEnvironment environmentOf(const RepositoryKind& kind, const RepositoryConfig& config);

} // namespace restic::protocol
