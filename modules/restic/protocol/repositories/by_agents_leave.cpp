#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

const RepositoryKind& b2() {
    static const RepositoryKind kind{
        .name = "b2",
        .doc = "A bucket of Backblaze B2",
        .prefix = "b2:",
        .byAgentsLeave = true,
        .fields = {{.name = "bucket", .doc = "The bucket", .required = true, .check = checkWord},
                   {.name = "path", .doc = "A folder in the bucket", .check = checkLine},
                   {.name = "account_id",
                    .doc = "The account, or the name of a key",
                    .variable = "B2_ACCOUNT_ID",
                    .required = true,
                    .check = checkWord},
                   {.name = "account_key", .doc = "The key", .variable = "B2_ACCOUNT_KEY", .secret = true}},
        .address =
            [](const RepositoryValues& values) {
                const auto path = pathBelow(values, "path");
                return "b2:" + valueOf(values, "bucket") + ":" + (path.empty() ? path : path.substr(1));
            },
        .place = placeInContainer,
        .config = configTypeOf<b2>,
    };
    return kind;
}

const RepositoryKind& swift() {
    const auto plain = [](std::string name, std::string variable, std::string doc) {
        return RepositoryField{.name = std::move(name),
                               .doc = std::move(doc),
                               .variable = std::move(variable),
                               .ofPlace = true,
                               .check = checkLine};
    };
    static const RepositoryKind kind{
        .name = "swift",
        .doc = "A container of OpenStack Swift",
        .prefix = "swift:",
        .byAgentsLeave = true,
        .fields =
            {{.name = "container", .doc = "The container", .required = true, .check = checkWord},
             {.name = "path", .doc = "A folder in the container", .check = checkLine},
             plain("auth_url", "OS_AUTH_URL", "The identity service"),
             plain("region", "OS_REGION_NAME", "The region"),
             plain("username", "OS_USERNAME", "The user"),
             plain("user_domain_name", "OS_USER_DOMAIN_NAME", "The user's domain"),
             plain("tenant_id", "OS_TENANT_ID", "The tenant's id"),
             plain("tenant_name", "OS_TENANT_NAME", "The tenant's name"),
             plain("project_name", "OS_PROJECT_NAME", "The project"),
             plain("project_domain_name", "OS_PROJECT_DOMAIN_NAME", "The project's domain"),
             plain("application_credential_id", "OS_APPLICATION_CREDENTIAL_ID", "An application's id"),
             plain("application_credential_name", "OS_APPLICATION_CREDENTIAL_NAME", "An application's name"),
             plain("storage_url", "OS_STORAGE_URL", "The storage, with auth_token"),
             plain("v1_auth_url", "ST_AUTH", "The identity service of version 1"),
             plain("v1_user", "ST_USER", "The user of version 1"),
             {.name = "password", .doc = "The user's password", .variable = "OS_PASSWORD", .secret = true},
             {.name = "application_credential_secret",
              .doc = "The application's secret",
              .variable = "OS_APPLICATION_CREDENTIAL_SECRET",
              .secret = true},
             {.name = "auth_token",
              .doc = "A token, with storage_url",
              .variable = "OS_AUTH_TOKEN",
              .secret = true},
             {.name = "v1_key", .doc = "The key of version 1", .variable = "ST_KEY", .secret = true}},
        .address =
            [](const RepositoryValues& values) {
                const auto path = pathBelow(values, "path");
                return "swift:" + valueOf(values, "container") + ":" + (path.empty() ? "/" : path);
            },
        .place = placeInContainer,
        .config = configTypeOf<swift>,
    };
    return kind;
}

const RepositoryKind& rclone() {
    static const RepositoryKind kind{
        .name = "rclone",
        .doc = "A remote of the agent's own rclone, which keeps its secrets",
        .prefix = "rclone:",
        .byAgentsLeave = true,
        .fields = {{.name = "remote",
                    .doc = "The remote's name in the agent's rclone",
                    .required = true,
                    .check = checkWord},
                   {.name = "path", .doc = "A folder of the remote", .check = checkLine}},
        .address =
            [](const RepositoryValues& values) {
                const auto path = pathBelow(values, "path");
                return "rclone:" + valueOf(values, "remote") + ":" + (path.empty() ? path : path.substr(1));
            },
        .place =
            [](const std::string& address) {
                // For some remotes a path with "/" before it is another one than that without.
                const auto path = address.find(':', address.find(':') + 1) + 1;
                return path == 0 ? address : address.substr(0, path) + cleanPath(address.substr(path));
            },
        .config = configTypeOf<rclone>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
