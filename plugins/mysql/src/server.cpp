#include "server.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

#include "explain.h"
#include "pipe.h"
#include "sql_text.h"

namespace mysql {
namespace {
constexpr int kUsualPort = 3306;
/// The mode of the server could change how quotes and backslashes are read.
constexpr const char* kPlainMode = "SET SESSION sql_mode='';\n";

std::string readAll(int file) {
    std::string out;
    char buffer[65536];
    for (off_t at = 0;;) {
        const auto count = ::pread(file, buffer, sizeof buffer, at);
        if (count <= 0)
            return out;
        out.append(buffer, static_cast<std::size_t>(count));
        at += count;
    }
}
} // namespace

Server::Server(const Step& step, const Settings& settings)
    : step_(step), settings_(settings), socket_(settings.socket),
      client_(findProgram(step, settings, {"mariadb", "mysql"}, true)) {
    optionsForMariadb_ = step.secretFile(options(true));
    optionsForMysql_ = step.secretFile(options(false));
    connect();
}

Server::Server(const Step& step, const Settings& settings, const std::string& socket)
    : step_(step), settings_(settings), socket_(socket), own_(true),
      client_(findProgram(step, settings, {"mariadb", "mysql"}, true)) {
    optionsForMariadb_ = step.secretFile(options(true));
    optionsForMysql_ = optionsForMariadb_;
    connect();
}

std::string Server::options(bool mariadbClient) const {
    std::string out = "[client]\n";
    const auto set = [&](const char* name, const std::string& value) {
        out += std::string(name) + "=" + optionValue(value) + "\n";
    };
    if (own_) {
        set("user", "root");
        set("socket", socket_);
        // It has none, and clients since MariaDB 11.4 ask for it.
        return out + "loose-skip-ssl\n";
    }
    set("user", settings_.user);
    if (const auto secret = settings_.secret(); !secret.empty())
        set("password", secret);
    if (!socket_.empty()) {
        set("socket", socket_);
        set("protocol", "socket");
    } else {
        set("host", settings_.host);
        set("port", std::to_string(settings_.port));
        // For localhost the programs would take the socket, whatever the port.
        if (settings_.host != "localhost" || settings_.port != kUsualPort)
            set("protocol", "tcp");
    }
    const auto& tls = settings_.tls;
    if (mariadbClient) {
        out += tls == "off" ? "skip-ssl\n" : "ssl\n";
        if (tls != "off")
            out += tls == "verify" ? "ssl-verify-server-cert\n" : "disable-ssl-verify-server-cert\n";
    } else {
        set("ssl-mode", tls == "off"        ? "DISABLED"
                        : tls == "required" ? "REQUIRED"
                        : tls == "verify"   ? "VERIFY_IDENTITY"
                                            : "PREFERRED");
        // Without TLS MySQL 8 takes a password only encrypted with the server's key.
        if (tls == "off")
            out += "loose-get-server-public-key\n";
    }
    if (!settings_.authority.empty() && tls != "off")
        set("ssl-ca", settings_.authority);
    return out;
}

std::vector<std::string> Server::command(const Program& program) const {
    // First, so that no other option file is read.
    return {program.path, "--defaults-file=" + (program.mariadb ? optionsForMariadb_ : optionsForMysql_)};
}

agent::plugin::Ended Server::attempt(const std::string& sql, Rows* rows) const {
    auto arguments = command(client_);
    for (const auto* one : {"--batch", "--skip-column-names", "--default-character-set=utf8mb4"})
        arguments.emplace_back(one);
    const Descriptor answer(::memfd_create("answer", MFD_CLOEXEC));
    if (!answer.open())
        throw Failure("There is no memory for the server's answer");
    auto end = step_.run({.arguments = arguments, .inputText = kPlainMode + sql, .output = answer.fd()});
    if (!end.ok || rows == nullptr)
        return end;
    const auto text = readAll(answer.fd());
    for (std::size_t at = 0; at < text.size();) {
        const auto newline = std::min(text.find('\n', at), text.size());
        rows->push_back(batchFields(std::string_view(text).substr(at, newline - at)));
        at = newline + 1;
    }
    return end;
}

Rows Server::query(const std::string& sql) const {
    Rows rows;
    if (const auto end = attempt(sql, &rows); !end.ok)
        throw explain((own_ ? "The trial's server" : "The server " + settings_.label()) + " refused a query",
                      end);
    return rows;
}

void Server::look() {
    Rows rows;
    if (const auto end = attempt("SELECT VERSION(), @@version_comment, CURRENT_USER();", &rows); !end.ok)
        throw explain("No connection to " + (own_ ? "the server that was started" : settings_.label()), end);
    if (rows.empty() || rows[0].size() < 3)
        throw Failure("The server " + settings_.label() + " does not tell its version");
    version_ = rows[0][0];
    mariadb_ = (version_ + rows[0][1]).find("MariaDB") != std::string::npos ||
               rows[0][1].find("mariadb") != std::string::npos;
    account_ = rows[0][2];
    int major = 0;
    int minor = 0;
    int patch = 0;
    // Some servers put 5.5.5- in front for the sake of old replicas.
    const auto* begin = version_.c_str() + (version_.starts_with("5.5.5-") && mariadb_ ? 6 : 0);
    if (std::sscanf(begin, "%d.%d.%d", &major, &minor, &patch) >= 2)
        number_ = major * 10000 + minor * 100 + patch;
}

void Server::requireTls() const {
    if (own_ || settings_.tls != "required")
        return;
    // MariaDB's clients before 11.4 go on without TLS where the server has none.
    const auto rows = query("SHOW SESSION STATUS LIKE 'Ssl_cipher';");
    if (rows.empty() || rows[0].size() < 2 || rows[0][1].empty())
        throw Failure("The connection to " + settings_.label() + " is not encrypted, but \"tls\" requires it",
                      "Set up TLS on the server, or set \"tls\" to preferred");
}

void Server::connect() {
    look();
    if (!mariadb_ && client_.mariadb) {
        auto fitting = findProgram(step_, settings_, {"mysql", "mariadb"}, false);
        if (!fitting.mariadb) {
            client_ = std::move(fitting);
            look();
        }
    }
    requireTls();
}

Program Server::dumpTool() const {
    return mariadb_ ? findProgram(step_, settings_, {"mariadb-dump", "mysqldump"}, true)
                    : findProgram(step_, settings_, {"mysqldump", "mariadb-dump"}, false);
}

Json Server::describe() const {
    return {{"label", own_ ? "throw-away" : settings_.label()},
            {"product", mariadb_ ? "MariaDB" : "MySQL"},
            {"version", version_}};
}

} // namespace mysql
