#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/route.h"
#include "core/wire.h"
#include "repositories/repository_service.h"

/// What people's API takes and answers of repositories: declared here once.
namespace restic::api {

struct RepositoryInput {
    std::string name;
    std::string type;
    std::optional<std::string> url;
    std::optional<core::json::Object> config;
    std::optional<core::Uuid> agentId;
    std::optional<std::string> password;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environmentVars;
};

struct RepositoryView {
    core::Uuid id;
    std::string name;
    std::string type;
    std::string url;
    core::json::Value config;
    std::optional<core::Uuid> agentId;
    bool passwordSet = false;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environmentVars;
    std::optional<core::Instant> firstSuccessAt;
    core::Instant createdAt;
    core::Instant updatedAt;
};

struct StartAnewInput {
    std::optional<core::Uuid> agentId;
};

const core::wire::Type& wireType(const RepositoryInput*);
const core::wire::Type& wireType(const StartAnewInput*);
const core::wire::Type& wireType(const RepositoryView*);

/// What creating and changing a repository needs, in whichever request it is done.
core::http::Permission repositoriesWrite();
/// Throws core::Error(kValidation) for an environment that no repository may have.
RepositorySpec specOf(const RepositoryInput& input);

} // namespace restic::api
