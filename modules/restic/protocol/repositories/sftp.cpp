#include <sstream>

#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

namespace {
/// One word of the command line that restic splits: for restic a quote begins a word, also in the middle of
/// one. Paths with quotes or backslashes are refused.
std::string quoted(const std::string& word) {
    return "'" + word + "'";
}

std::string hostOf(const RepositoryValues& values) {
    const auto host = valueOf(values, "host");
    return host.find(':') != std::string::npos ? "[" + host + "]" : host;
}

std::optional<std::string> checkKnownHosts(const std::string& text) {
    const std::string wrong = "must be lines like \"backup.example.com ssh-ed25519 AAAA…\"";
    std::istringstream lines(text);
    bool any = false;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string host;
        std::string type;
        std::string key;
        if (!(words >> host) || host.starts_with('#'))
            continue;
        if (host.starts_with('@'))
            words >> host; // behind a marker
        if (!(words >> type >> key) || key.size() < 16)
            return wrong;
        any = true;
    }
    return any ? std::nullopt : std::optional(wrong);
}

/// Of what stands behind "sftp:".
std::optional<std::string> checkSftpAddress(const std::string& text) {
    const bool isUrl = text.starts_with("//");
    const auto server = isUrl ? text.substr(2, text.find('/', 2) - 2) : text.substr(0, text.find(':'));
    const auto at = server.rfind('@');
    const auto host = at == std::string::npos ? server : server.substr(at + 1);
    const auto path = isUrl ? text.find('/', 2) : text.find(':');
    if (path == std::string::npos || path + 1 >= text.size())
        return "must name a folder behind the host";
    if (host.empty())
        return "must name a host";
    return isUrl ? checkServer(host) : std::nullopt;
}

/// "sftp://[USER@]HOST[:PORT]/PATH" and "sftp:[USER@]HOST:PATH": a path below the user's home, or behind one
/// more "/" from the root. Users may see different roots, so the user is a part of the place.
std::string placeOnServer(const std::string& address) {
    const auto text = address.substr(address.find(':') + 1);
    const auto colon = text.find(':');
    const bool isUrl = text.starts_with("//");
    if (!isUrl && colon == std::string::npos)
        return address;
    const auto url = serverAddressOf(isUrl ? "ssh:" + text
                                           : "ssh://" + text.substr(0, colon) + "/" + text.substr(colon + 1));
    if (!url)
        return address;
    const auto path = url->path.empty() ? url->path : url->path.substr(1);
    return "sftp://" + (url->user.empty() ? "" : url->user + "@") + url->host + url->port + "/" +
           cleanPath(path);
}
} // namespace

const RepositoryKind& sftp() {
    static const RepositoryKind kind{
        .name = "sftp",
        .doc = "A folder on a server that is reached by SSH",
        .prefix = "sftp:",
        .fields = {{.name = "host",
                    .doc = "The server's name or address",
                    .required = true,
                    .example = "backup-server.example.com",
                    .check = checkHost},
                   {.name = "port", .doc = "Where its SSH listens; 22 if left out", .range = {{1, 65535}}},
                   {.name = "user",
                    .doc = "Whom to sign in as",
                    .required = true,
                    .example = "restic",
                    .check = checkWord},
                   {.name = "path",
                    .doc = "The folder, as an absolute path on the server",
                    .required = true,
                    .example = "/backups/server-01",
                    .check = checkAbsolutePath},
                   {.name = "key",
                    .doc = "The private SSH key without a passphrase; left out, the agent's own SSH decides",
                    .secret = true,
                    .asFile = true,
                    .check = checkPrivateKey},
                   {.name = "known_hosts",
                    .doc = "The server's own key, as ssh-keyscan prints it; left out, the known_hosts of the "
                           "agent's user decides. Nobody reads it again, as a secret",
                    .secret = true,
                    .asFile = true,
                    .check = checkKnownHosts}},
        .address =
            [](const RepositoryValues& values) {
                const auto port = valueOf(values, "port");
                return "sftp://" + valueOf(values, "user") + "@" + hostOf(values) +
                       (port.empty() ? "" : ":" + port) + "/" + pathBelow(values, "path");
            },
        .place = placeOnServer,
        .checkAddress = checkSftpAddress,
        .options = [](const RepositoryValues& values) -> std::vector<std::string> {
            const auto key = valueOf(values, "key");
            const auto known = valueOf(values, "known_hosts");
            // Always named, so that whoever calls restic can have ssh's words in a file of their own.
            std::string command = "sftp.command=ssh -oBatchMode=yes";
            if (!key.empty() || !known.empty())
                command += " -oStrictHostKeyChecking=yes";
            if (!key.empty())
                command += " -oIdentitiesOnly=yes -i " + quoted(key);
            if (!known.empty())
                command +=
                    " " + quoted("-oUserKnownHostsFile=\"" + known + "\""); // for ssh a list, split at spaces
            if (const auto port = valueOf(values, "port"); !port.empty())
                command += " -p " + port;
            command += " -l " + valueOf(values, "user") + " " + valueOf(values, "host") + " -s sftp";
            return {std::move(command)};
        },
        .config = configTypeOf<sftp>,
    };
    return kind;
}

} // namespace restic::protocol::repositories
