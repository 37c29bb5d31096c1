#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

const RepositoryKind& local() {
    static const RepositoryKind kind{
        .name = "local",
        .doc = "A folder on a disk of the agent",
        .prefix = "/",
        .onDisk = true,
        .fields = {{.name = "path",
                    .doc = "The folder, as an absolute path on the agent",
                    .required = true,
                    .example = "/mnt/backup",
                    .check = checkAbsolutePath}},
        .address = [](const RepositoryValues& values) { return valueOf(values, "path"); },
        .place =
            [](const std::string& address) {
                constexpr std::string_view kOtherWord = "local:";
                const std::string_view path = address;
                return cleanPath(path.substr(path.starts_with(kOtherWord) ? kOtherWord.size() : 0));
            },
        .config = configTypeOf<local>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
