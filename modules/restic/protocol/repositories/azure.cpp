#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

const RepositoryKind& azure() {
    static const RepositoryKind kind{
        .name = "azure",
        .doc = "A container of Azure Blob Storage",
        .prefix = "azure:",
        .fields = {{.name = "account_name",
                    .doc = "The storage account",
                    .variable = "AZURE_ACCOUNT_NAME",
                    .required = true,
                    .ofPlace = true,
                    .example = "myaccount",
                    .check = checkWord},
                   {.name = "container",
                    .doc = "The container",
                    .required = true,
                    .example = "backups",
                    .check = checkContainer},
                   {.name = "path", .doc = "A folder in the container", .check = checkLine},
                   {.name = "account_key",
                    .doc = "The account's key",
                    .variable = "AZURE_ACCOUNT_KEY",
                    .secret = true,
                    .check = checkBase64},
                   {.name = "account_sas",
                    .doc = "A shared access signature instead of the key",
                    .variable = "AZURE_ACCOUNT_SAS",
                    .secret = true},
                   {.name = "endpoint_suffix",
                    .doc = "Of another cloud than Microsoft's public one; restic 0.14 does not know it",
                    .variable = "AZURE_ENDPOINT_SUFFIX",
                    .leads = true,
                    .example = "core.windows.net",
                    .check = checkHost}},
        .address =
            [](const RepositoryValues& values) {
                const auto path = pathBelow(values, "path");
                return "azure:" + valueOf(values, "container") + ":" + (path.empty() ? "/" : path);
            },
        .place = placeInContainer,
        .config = configTypeOf<azure>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
