#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

const RepositoryKind& rest() {
    static const RepositoryKind kind{
        .name = "rest",
        .doc = "A server that speaks restic's own protocol",
        .prefix = "rest:",
        .fields = {{.name = "url",
                    .doc = "The repository's URL, without user and password",
                    .required = true,
                    .example = "https://backup.example.com/server-01/",
                    .check = checkHttpUrl},
                   {.name = "username",
                    .doc = "Whom to sign in as",
                    .variable = "RESTIC_REST_USERNAME",
                    .example = "restic",
                    .check = checkLine},
                   {.name = "password",
                    .doc = "The user's password",
                    .variable = "RESTIC_REST_PASSWORD",
                    .secret = true,
                    .needs = "username"}},
        .address =
            [](const RepositoryValues& values) {
                auto url = valueOf(values, "url");
                while (url.ends_with('/'))
                    url.pop_back();
                return "rest:" + url + "/";
            },
        .place =
            [](const std::string& address) {
                const auto url = serverAddressOf(address.substr(address.find(':') + 1));
                return url ? "rest:" + url->scheme + "://" + url->host + url->port +
                                 cleanPath("/" + url->path)
                           : address;
            },
        .checkAddress = [](const std::string& url) -> std::optional<std::string> {
            // The address, unlike the field, may name a user.
            const auto scheme = url.find("://");
            const auto from = scheme == std::string::npos ? url.size() : scheme + 3;
            const auto at = url.find('@', from);
            const bool hasUser = at != std::string::npos && at < url.find('/', from);
            return checkHttpUrl(hasUser ? url.substr(0, from) + url.substr(at + 1) : url);
        },
        .config = configTypeOf<rest>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
