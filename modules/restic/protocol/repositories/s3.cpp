#include <algorithm>

#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

namespace {
/// A bucket's name is taken once for all of Amazon, whatever door one comes in by.
std::string hostOfBucket(const std::string& host) {
    const bool isAmazon = host.starts_with("s3") && host.ends_with(".amazonaws.com");
    return isAmazon ? "s3.amazonaws.com" : host;
}
} // namespace

const RepositoryKind& s3() {
    static const RepositoryKind kind{
        .name = "s3",
        .doc = "A bucket of Amazon S3 or of a server that speaks its protocol",
        .prefix = "s3:",
        .fields =
            {{.name = "endpoint",
              .doc = "The server, as HOST, HOST:PORT or a URL; s3.amazonaws.com if left out",
              .example = "s3.amazonaws.com",
              .check = checkServer},
             {.name = "bucket",
              .doc = "The bucket; restic makes it if it may",
              .required = true,
              .example = "my-backup-bucket",
              .check = checkContainer},
             {.name = "path", .doc = "A folder in the bucket", .example = "server-01", .check = checkLine},
             {.name = "region",
              .doc = "The bucket's region",
              .variable = "AWS_DEFAULT_REGION",
              .example = "us-east-1",
              .check = checkWord},
             {.name = "access_key_id",
              .doc = "The key's name",
              .variable = "AWS_ACCESS_KEY_ID",
              .needs = "secret_access_key",
              .example = "AKIAIOSFODNN7EXAMPLE",
              .check = checkLine},
             {.name = "secret_access_key",
              .doc = "The key; left out together with its name, the agent's own identity at Amazon is used",
              .variable = "AWS_SECRET_ACCESS_KEY",
              .secret = true,
              .needs = "access_key_id"},
             {.name = "session_token",
              .doc = "Of temporary credentials",
              .variable = "AWS_SESSION_TOKEN",
              .secret = true,
              .needs = "secret_access_key"}},
        .address =
            [](const RepositoryValues& values) {
                auto endpoint = valueOf(values, "endpoint");
                while (endpoint.ends_with('/'))
                    endpoint.pop_back();
                return "s3:" + (endpoint.empty() ? "s3.amazonaws.com" : endpoint) + "/" +
                       valueOf(values, "bucket") + pathBelow(values, "path");
            },
        .place =
            [](const std::string& address) {
                // "s3:HOST/…" and "s3://HOST/…" mean https.
                auto text = address.substr(address.find(':') + 1);
                if (text.find("://") == std::string::npos)
                    text = "https://" + text.substr(std::min(text.find_first_not_of('/'), text.size()));
                const auto url = serverAddressOf(text);
                return url ? "s3:" + url->scheme + "://" + hostOfBucket(url->host) + url->port +
                                 cleanPath("/" + url->path)
                           : address;
            },
        .checkAddress = [](const std::string& text) -> std::optional<std::string> {
            // "HOST/BUCKET…", "//HOST/BUCKET…" and "https://HOST/BUCKET…"
            const auto scheme = text.find("://");
            const bool hasScheme = scheme != std::string::npos;
            const auto from = hasScheme ? scheme + 3 : text.find_first_not_of('/');
            const auto slash = text.find('/', std::min(from, text.size()));
            if (slash == std::string::npos || text.find_first_not_of('/', slash) == std::string::npos)
                return "must name a server and, behind a slash, a bucket";
            return hasScheme ? checkHttpUrl(text.substr(0, slash + 1))
                             : checkServer(text.substr(from, slash - from));
        },
        .config = configTypeOf<s3>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
