#include "throwaway_server.h"

#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "hints.h"

namespace postgres {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Not below the agent's folders, which only its own user can enter, and short: a socket's path may have 107
// bytes.
constexpr const char* kPrefix = "/var/tmp/restic-agent-postgres-";
constexpr const char* kUser = "postgres";
constexpr auto kStartTimeout = 60s;

std::string randomDigits() {
    unsigned char bytes[8];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        throw Failure("There are no random numbers");
    std::string out;
    for (const auto byte : bytes) {
        out += "0123456789abcdef"[byte >> 4U];
        out += "0123456789abcdef"[byte & 15U];
    }
    return out;
}

const passwd* itsUser() {
    if (::geteuid() != 0)
        return nullptr;
    const auto* user = ::getpwnam(kUser);
    if (user == nullptr)
        throw Failure("There is no user \"postgres\" on this machine, as whom a server could be started",
                      "Install the package postgresql");
    return user;
}

/// The server's process, if one runs in this folder. It stands in its data folder: that tells it from a later
/// process of the same number.
long processIn(const std::string& folder) {
    std::ifstream in(folder + "/data/postmaster.pid");
    long pid = 0;
    if (!(in >> pid) || pid <= 1)
        return 0;
    std::error_code code;
    const auto where = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", code);
    return !code && where == folder + "/data" ? pid : 0;
}

bool waitForEnd(const std::string& folder, std::chrono::milliseconds most) {
    for (const auto until = std::chrono::steady_clock::now() + most; processIn(folder) != 0;) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(20ms);
    }
    return true;
}
} // namespace

bool removeThrowawayServer(const std::string& folder) {
    if (!folder.starts_with(kPrefix) || folder.find("..") != std::string::npos)
        return true; // never anything else
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0)
        return true;
    // A link, or a folder of somebody else, is not what was made.
    const auto* user = ::geteuid() == 0 ? ::getpwnam(kUser) : nullptr;
    if (!S_ISDIR(status.st_mode) ||
        (status.st_uid != ::geteuid() && (user == nullptr || status.st_uid != user->pw_uid)))
        return true;
    // At once, then harder: its files are not needed any more.
    for (const int number : {SIGQUIT, SIGKILL}) {
        const auto pid = processIn(folder);
        if (pid == 0)
            break;
        ::kill(static_cast<pid_t>(pid), number);
        waitForEnd(folder, 5s);
    }
    if (processIn(folder) != 0)
        return false;
    std::error_code code;
    // Processes of the server that just end may still write.
    for (int i = 0; i < 20; ++i) {
        fs::remove_all(folder, code);
        if (!code && !fs::exists(folder))
            return true;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

ThrowawayServer::ThrowawayServer(const Step& step, std::string bin, std::string superuser)
    : step_(step), bin_(std::move(bin)), superuser_(std::move(superuser)) {
    try {
        makeFolder();
        makeCluster();
        start();
    } catch (...) {
        remove();
        throw;
    }
}

ThrowawayServer::~ThrowawayServer() {
    remove();
}

std::vector<std::string> ThrowawayServer::asItsUser(std::vector<std::string> arguments) const {
    const auto* user = itsUser();
    if (user == nullptr)
        return arguments;
    std::vector<std::string> out{"setpriv",
                                 "--reuid=" + std::to_string(user->pw_uid),
                                 "--regid=" + std::to_string(user->pw_gid),
                                 "--clear-groups",
                                 "--inh-caps=-all",
                                 "--no-new-privs",
                                 "--"};
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

void ThrowawayServer::makeFolder() {
    const auto folder = kPrefix + randomDigits();
    note_ = std::make_unique<Note>(step_, fs::path(folder).filename().string(), Json{{"folder", folder}});
    if (::mkdir(folder.c_str(), 0700) != 0)
        throw Failure("The folder " + folder + " cannot be made: " + std::strerror(errno));
    folder_ = folder;
    if (const auto* user = itsUser(); user != nullptr)
        if (::lchown(folder.c_str(), user->pw_uid, user->pw_gid) != 0)
            throw Failure("The folder " + folder +
                          " cannot be given to the user postgres: " + std::strerror(errno));
}

void ThrowawayServer::makeCluster() {
    const auto end = step_.run({.arguments = asItsUser({bin_ + "/initdb", "--pgdata=" + folder_ + "/data",
                                                        "--username=" + superuser_, "--auth=trust",
                                                        "--encoding=UTF8", "--locale=C", "--no-sync"}),
                                .environment = {"HOME=" + folder_},
                                .timeout = 120s});
    if (!end.ok)
        throw Failure("A server to try the dump in could not be made: initdb " + end.describe(),
                      "See that /var/tmp has room");
}

void ThrowawayServer::start() {
    Access access;
    access.host = folder_;
    access.user = superuser_;
    access.environment = {"PGPASSFILE=" + folder_ + "/no-password", "PGCONNECT_TIMEOUT=15",
                          "PGAPPNAME=restic-agent", "PGCLIENTENCODING=UTF8"};
    server_ = std::make_unique<Server>(step_, access, Program{"psql", bin_ + "/psql", {}, 0});
    std::vector<std::string> arguments{bin_ + "/postgres", "-D", folder_ + "/data", "-k", folder_};
    // Nothing of it has to survive, and nobody else uses it.
    for (const auto* setting :
         {"listen_addresses=", "unix_socket_permissions=0700", "port=5432", "fsync=off",
          "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0",
          "autovacuum=off", "max_locks_per_transaction=1024", "max_connections=20", "logging_collector=off",
          "jit=off", "log_destination=stderr", "cluster_name=", "restart_after_crash=off"}) {
        arguments.emplace_back("-c");
        arguments.emplace_back(setting);
    }
    auto running = std::make_shared<std::atomic<bool>>(true);
    thread_ = std::jthread([this, running, arguments = asItsUser(arguments)] {
        ended_ = step_.run({.arguments = arguments, .environment = {"HOME=" + folder_}});
        *running = false;
    });
    for (const auto until = std::chrono::steady_clock::now() + kStartTimeout;;) {
        if (fs::exists(folder_ + "/.s.PGSQL.5432") && server_->run("postgres", "SELECT 1").ok)
            break;
        if (!*running || step_.stopped() || std::chrono::steady_clock::now() > until)
            throw Failure("A server to try the dump in did not start" +
                          (*running ? std::string() : ": postgres " + ended_.describe()));
        std::this_thread::sleep_for(50ms);
    }
    server_->connect();
}

void ThrowawayServer::remove() noexcept {
    try {
        const bool gone = folder_.empty() || removeThrowawayServer(folder_);
        if (thread_.joinable())
            thread_.join();
        if (!gone && !removeThrowawayServer(folder_) && note_)
            note_->keep();
    } catch (...) {
        if (note_)
            note_->keep();
    }
}

} // namespace postgres
