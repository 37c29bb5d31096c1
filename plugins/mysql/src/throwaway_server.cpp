#include "throwaway_server.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sql_text.h"

namespace mysql {
namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
constexpr auto kInstall = 5min;
constexpr auto kStart = 90s;
constexpr std::size_t kLongestSocket = 107;

/// For a server whose data nobody keeps: nothing waits for the disk.
constexpr std::array kCareless{"--loose-debug-no-sync", "--loose-innodb-flush-method=nosync",
                               "--loose-innodb-doublewrite=0", "--innodb-log-file-size=32M"};

std::string contentOf(const fs::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

/// When the process started; 0 if there is none.
std::uint64_t startOf(int pid) {
    const auto stat = contentOf("/proc/" + std::to_string(pid) + "/stat");
    const auto name = stat.rfind(')');
    if (name == std::string::npos)
        return 0;
    std::istringstream fields(stat.substr(name + 1));
    std::string skipped;
    for (int i = 0; i < 19; ++i)
        fields >> skipped;
    std::uint64_t out = 0;
    fields >> out;
    return out;
}

std::string dataOption(const std::string& folder) {
    return "--datadir=" + folder + "/data";
}

/// Whether the process is the server of that folder, whose name nobody else uses.
bool serves(int pid, const std::string& folder) {
    const auto line = contentOf("/proc/" + std::to_string(pid) + "/cmdline");
    return line.find('\0' + dataOption(folder) + '\0') != std::string::npos;
}

void endServer(const Step& step, int pid, const std::string& folder) {
    if (!serves(pid, folder))
        return;
    step.info("Ending the server " + std::to_string(pid) + " that a trial left behind");
    for (const int number : {SIGTERM, SIGKILL}) {
        ::kill(pid, number);
        for (int i = 0; i < 100 && serves(pid, folder); ++i)
            std::this_thread::sleep_for(100ms);
        if (!serves(pid, folder))
            return;
    }
}
} // namespace

void ThrowawayServer::findPrograms() {
    const std::vector<std::string> installers{"mariadb-install-db", "mysql_install_db"};
    const std::vector<std::string> servers{"mariadbd", "mysqld"};
    const auto first = [](const std::string& folders, const std::vector<std::string>& names) {
        for (const auto& name : names)
            if (auto path = pathOf(folders, name))
                return *path;
        return std::string();
    };
    // Both of one installation: that of the client programs, if it has a server.
    if (!settings_.programFolder.empty()) {
        const auto root =
            (fs::path(settings_.programFolder) / "..").lexically_normal().parent_path().string();
        std::string folders = settings_.programFolder;
        for (const auto* one : {"/bin", "/sbin", "/scripts"})
            folders += ":" + root + one;
        installer_ = first(folders, installers);
        program_ = first(folders, servers);
        if (!installer_.empty() && !program_.empty()) {
            where_ = {"--basedir=" + root};
            return;
        }
    }
    installer_ = first({}, installers);
    program_ = first({}, servers);
    for (const auto& [found, names] : {std::pair(installer_, installers), {program_, servers}})
        if (found.empty())
            throw Failure("A trial needs a server's programs on this machine, and " + joined(names) +
                              " is not here",
                          "Install the package mariadb-server (its service need not run)");
}

std::string ThrowawayServer::lastError() const {
    std::istringstream lines(contentOf(folder_ + "/error.log"));
    std::string found;
    for (std::string line; std::getline(lines, line);)
        if (line.find("[ERROR]") != std::string::npos)
            found = line;
    return found.empty() ? end_.describe() : found;
}

ThrowawayServer::ThrowawayServer(const Step& step, const Settings& settings)
    : step_(step), settings_(settings), folder_(step.workFolder() + "/server"), socket_(folder_ + "/socket"),
      note_(step.stateFolder() + "/verify-" + std::to_string(::getpid()) + ".json") {
    findPrograms();
    fs::create_directory(folder_);
    if (socket_.size() > kLongestSocket) {
        char name[] = "/tmp/mysql-trial-XXXXXX";
        if (::mkdtemp(name) == nullptr)
            throw Failure("No folder in /tmp for a socket: " + std::string(std::strerror(errno)));
        link_ = name;
        fs::create_directory_symlink(folder_, link_ + "/s");
        socket_ = link_ + "/s/socket";
    }
    note(0); // before there is anything to be removed
    try {
        install();
        start();
    } catch (...) {
        stop();
        throw;
    }
}

ThrowawayServer::~ThrowawayServer() {
    stop();
}

void ThrowawayServer::note(int pid) const {
    const Json content{{"folder", folder_},   {"link", link_},
                       {"owner", ::getpid()}, {"ownerStart", startOf(::getpid())},
                       {"server", pid},       {"serverStart", pid == 0 ? 0 : startOf(pid)}};
    const auto part = note_ + ".part";
    std::ofstream(part) << content.dump();
    fs::rename(part, note_);
}

void ThrowawayServer::install() {
    std::vector<std::string> arguments{installer_, "--no-defaults", dataOption(folder_),
                                       "--auth-root-authentication-method=normal", "--skip-test-db",
                                       "--skip-name-resolve",
                                       // At its start a server removes the temporary tables of others there.
                                       "--tmpdir=" + folder_};
    arguments.insert(arguments.end(), where_.begin(), where_.end());
    if (::geteuid() == 0)
        arguments.emplace_back("--user=root"); // the folder is root's, and nobody else is let in
    arguments.insert(arguments.end(), kCareless.begin(), kCareless.end());
    if (const auto end = step_.run({.arguments = arguments, .timeout = kInstall}); !end.ok)
        throw Failure("A server for the trial could not be set up: " + end.describe(),
                      "See that the work folder has room: an empty server needs 150 MB");
}

void ThrowawayServer::start() {
    std::vector<std::string> arguments{program_, "--no-defaults", dataOption(folder_)};
    arguments.insert(arguments.end(), where_.begin(), where_.end());
    for (const auto& option :
         {"--socket=" + socket_, "--pid-file=" + folder_ + "/pid", "--log-error=" + folder_ + "/error.log",
          "--tmpdir=" + folder_, "--secure-file-priv=" + folder_})
        arguments.push_back(option);
    // Little memory, nothing that outlives a crash, and nothing that acts by itself.
    for (const auto* option :
         {"--skip-networking", "--skip-log-bin", "--event-scheduler=OFF", "--performance-schema=OFF",
          "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--key-buffer-size=8M",
          "--aria-pagecache-buffer-size=8M", "--max-connections=10", "--max-allowed-packet=1G",
          "--log-bin-trust-function-creators=1", "--local-infile=0"})
        arguments.emplace_back(option);
    arguments.insert(arguments.end(), kCareless.begin(), kCareless.end());
    if (::geteuid() == 0)
        arguments.emplace_back("--user=root");
    auto ended = std::make_shared<std::atomic<bool>>(false);
    thread_ = std::thread([this, arguments, ended] {
        end_ = step_.run({.arguments = arguments});
        *ended = true;
    });
    const auto until = std::chrono::steady_clock::now() + kStart;
    while (!fs::exists(folder_ + "/socket") || !fs::exists(folder_ + "/pid")) {
        if (*ended || step_.stopped() || std::chrono::steady_clock::now() > until) {
            if (*ended)
                thread_.join();
            throw Failure("The server for the trial did not start: " +
                          (*ended ? lastError() : std::string("it took too long")));
        }
        std::this_thread::sleep_for(50ms);
    }
    note(std::atoi(contentOf(folder_ + "/pid").c_str()));
    server_ = std::make_unique<Server>(step_, settings_, socket_);
}

void ThrowawayServer::stop() noexcept {
    try {
        if (thread_.joinable()) {
            const int pid = std::atoi(contentOf(folder_ + "/pid").c_str());
            if (pid > 0 && serves(pid, folder_))
                ::kill(pid, SIGKILL); // nobody needs its data
            thread_.join();
        }
        fs::remove_all(folder_);
        if (!link_.empty())
            fs::remove_all(link_);
        fs::remove(note_);
    } catch (const std::exception& error) {
        step_.warn(std::string("The trial's server could not be removed: ") + error.what());
    }
}

void removeLeftServers(const Step& step) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(step.stateFolder(), code)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("verify-") || !name.ends_with(".json"))
            continue;
        const auto noted = Json::parse(contentOf(entry.path()), nullptr, false);
        if (!noted.is_object()) {
            fs::remove(entry.path());
            continue;
        }
        const int owner = noted.value("owner", 0);
        if (owner > 0 && startOf(owner) == noted.value("ownerStart", std::uint64_t{0}))
            continue; // its step still runs
        const auto folder = noted.value("folder", std::string());
        const int pid = noted.value("server", 0);
        if (pid > 0 && startOf(pid) == noted.value("serverStart", std::uint64_t{0}))
            endServer(step, pid, folder);
        else if (pid == 0 && !folder.empty()) // killed between the server's start and the note of it
            for (const auto& process : fs::directory_iterator("/proc", code))
                if (const int one = std::atoi(process.path().filename().c_str()); one > 0)
                    endServer(step, one, folder);
        if (folder.ends_with("/server"))
            fs::remove_all(folder, code);
        if (const auto link = noted.value("link", std::string()); link.starts_with("/tmp/mysql-trial-"))
            fs::remove_all(link, code);
        fs::remove(entry.path());
    }
}

} // namespace mysql
