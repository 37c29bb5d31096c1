#include "plugins/mysql_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace test {
using namespace std::chrono_literals;

namespace {
const std::map<std::string, std::string> kEnvironment{
    {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
    {"HOME", "/nonexistent"},
    {"LC_ALL", "C.UTF-8"}};

int freePort() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

void must(core::ProcessRunner& runner, const std::string& program,
          const std::vector<std::string>& arguments) {
    core::ProcessSpec spec;
    spec.program = program;
    spec.arguments = arguments;
    spec.environment = kEnvironment;
    const auto result = runner.run(spec);
    if (!result || !result.value().exit.ok())
        throw std::runtime_error(program + ": " + (result ? result.value().error : result.error().what()));
}

/// An empty server, made once: that takes two seconds, a copy a moment.
std::filesystem::path emptyServer(core::ProcessRunner& runner, const std::string& root) {
    const auto whose = std::filesystem::path(root).parent_path().filename().string();
    const auto folder =
        std::filesystem::path(AE_BUILD_DIR) / "tests" / ("mysql-empty-" + (whose.empty() ? "system" : whose));
    if (std::filesystem::exists(folder))
        return folder;
    const auto part = folder.string() + "." + std::to_string(::getpid());
    // Servers remove each other's temporary tables from a shared folder.
    const core::testkit::TempDir own;
    const auto& temporary = own.path();
    must(runner, root + "/bin/mariadb-install-db",
         {"--no-defaults", "--basedir=" + root, "--user=root", "--datadir=" + part,
          "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M",
          "--tmpdir=" + temporary.string(), "--debug-no-sync", "--innodb-flush-method=nosync"});
    std::error_code lost; // another test was faster
    std::filesystem::rename(part, folder, lost);
    if (lost)
        std::filesystem::remove_all(part);
    return folder;
}
} // namespace

MysqlServer::MysqlServer(const std::vector<std::string>& options, const std::string& root)
    : socket_((folder_.path() / "socket").string()), port_(freePort()) {
    const auto data = folder_.path() / "data";
    std::filesystem::copy(emptyServer(runner_, root), data, std::filesystem::copy_options::recursive);
    core::ProcessSpec spec;
    spec.program = "setpriv"; // so that it does not outlive tests that crash
    spec.environment = kEnvironment;
    spec.arguments = {"--pdeathsig",
                      "KILL",
                      root + "/sbin/mariadbd",
                      "--no-defaults",
                      "--basedir=" + root,
                      "--user=root",
                      "--datadir=" + data.string(),
                      "--socket=" + socket_,
                      "--port=" + std::to_string(port_),
                      "--bind-address=127.0.0.1",
                      "--tmpdir=" + folder_.path().string(),
                      "--pid-file=" + (folder_.path() / "pid").string(),
                      "--log-error=" + (folder_.path() / "error.log").string(),
                      "--log-bin",
                      "--server-id=1",
                      "--binlog-format=ROW",
                      "--sync-binlog=0",
                      "--innodb-flush-log-at-trx-commit=0",
                      "--innodb-log-file-size=16M",
                      "--innodb-buffer-pool-size=128M",
                      "--debug-no-sync",
                      "--innodb-flush-method=nosync",
                      "--innodb-doublewrite=0"};
    spec.arguments.insert(spec.arguments.end(), options.begin(), options.end());
    process_ = std::move(runner_.start(spec)).value();
    if (!eventually([&] {
            try {
                return !sql("SELECT 1;").empty();
            } catch (const std::exception&) {
                return false;
            }
        }))
        throw std::runtime_error("no server: " + readText(folder_.path() / "error.log"));
}

MysqlServer::~MysqlServer() {
    if (process_)
        kill(); // nobody needs its data
}

void MysqlServer::kill() {
    process_->signal(SIGKILL);
    process_->wait(20s);
    process_.reset();
}

MysqlServer& MysqlServer::shared() {
    static MysqlServer server;
    return server;
}

core::ProcessSpec MysqlServer::client(const std::string& database) const {
    core::ProcessSpec spec;
    spec.program = "mariadb";
    spec.environment = kEnvironment;
    spec.arguments = {"--no-defaults",       "-uroot",
                      "-S" + socket_,        "--batch",
                      "--skip-column-names", "--default-character-set=utf8mb4"};
    if (!database.empty())
        spec.arguments.insert(spec.arguments.end(), {"--", database});
    return spec;
}

std::string MysqlServer::sql(const std::string& statements, const std::string& database) {
    auto spec = client(database);
    const core::SecretFile text("SET SESSION sql_mode='';\n" + statements);
    spec.standardInput = core::ProcessInput::fromDescriptor(text.fd());
    spec.standardOutput = core::ProcessOutput::capture(64U << 20U);
    spec.standardError = core::ProcessOutput::capture();
    auto result = runner_.run(spec);
    if (!result || !result.value().exit.ok())
        throw std::runtime_error(result ? result.value().error + " in " + statements.substr(0, 300)
                                        : result.error().what());
    return std::move(result.value().output);
}

std::unique_ptr<core::Process> MysqlServer::background(const std::string& statements,
                                                       const std::string& database) {
    auto spec = client(database);
    const core::SecretFile text(statements);
    spec.standardInput = core::ProcessInput::fromDescriptor(text.fd());
    return std::move(runner_.start(spec)).value();
}

void MysqlServer::endSessionsIn(const std::string& database) {
    std::istringstream ids(sql("SELECT ID FROM information_schema.PROCESSLIST WHERE DB='" + database + "';"));
    for (std::string id; std::getline(ids, id);)
        try {
            sql("KILL " + id + ";");
        } catch (const std::exception&) { // it has ended by itself
        }
}

core::json::Object MysqlServer::settings() const {
    return {{"user", "root"}, {"socket", socket_}};
}

core::json::Object MysqlServer::settings(const std::string& user, const std::string& password,
                                         bool tcp) const {
    core::json::Object out{{"user", user}, {"password", password}};
    if (tcp) {
        out.set("host", "127.0.0.1");
        out.set("port", port_);
    } else {
        out.set("socket", socket_);
    }
    return out;
}

std::string quotedName(const std::string& name) {
    std::string out = "`";
    for (const char sign : name)
        out += sign == '`' ? std::string("``") : std::string(1, sign);
    return out + "`";
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(30ms);
    }
    return true;
}

std::string readText(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

void writeText(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

std::vector<int> processesWith(const std::vector<std::string>& texts) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const int pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0)
            continue;
        const auto line = readText(entry.path() / "cmdline");
        bool all = !line.empty();
        for (const auto& text : texts)
            all = all && line.find(text) != std::string::npos;
        if (all)
            out.push_back(pid);
    }
    return out;
}

std::vector<int> ownProcessesWith(const std::vector<std::string>& texts) {
    const auto parentOf = [](int pid) {
        const auto stat = readText("/proc/" + std::to_string(pid) + "/stat");
        const auto name = stat.rfind(") ");
        return name == std::string::npos ? 0 : std::atoi(stat.c_str() + name + 4);
    };
    auto out = processesWith(texts);
    std::erase_if(out, [&](int pid) {
        while (pid > 1 && pid != ::getpid())
            pid = parentOf(pid);
        return pid != ::getpid();
    });
    return out;
}

} // namespace test
