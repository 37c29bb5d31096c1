#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

namespace {
std::optional<std::string> checkCredentials(const std::string& text) {
    const auto read = core::json::parse(text);
    if (!read.ok() || read.value().stringOr("type").empty())
        return "must be the JSON of a key, as Google hands it out";
    return std::nullopt;
}
} // namespace

const RepositoryKind& gcs() {
    static const RepositoryKind kind{
        .name = "gcs",
        .doc = "A bucket of Google Cloud Storage",
        .prefix = "gs:",
        .fields = {{.name = "bucket",
                    .doc = "The bucket",
                    .required = true,
                    .example = "my-backup-bucket",
                    .check = checkContainer},
                   {.name = "path", .doc = "A folder in the bucket", .check = checkLine},
                   {.name = "project_id",
                    .doc = "The project; needed where restic is to make the bucket",
                    .variable = "GOOGLE_PROJECT_ID",
                    .example = "my-project",
                    .check = checkWord},
                   {.name = "credentials",
                    .doc = "The JSON of a service account's key",
                    .variable = "GOOGLE_APPLICATION_CREDENTIALS",
                    .secret = true,
                    .asFile = true,
                    .check = checkCredentials},
                   {.name = "access_token",
                    .doc = "A token instead of a key; it ends after an hour",
                    .variable = "GOOGLE_ACCESS_TOKEN",
                    .secret = true}},
        .address =
            [](const RepositoryValues& values) {
                const auto path = pathBelow(values, "path");
                return "gs:" + valueOf(values, "bucket") + ":" + (path.empty() ? "/" : path);
            },
        .place = placeInContainer,
        .config = configTypeOf<gcs>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
