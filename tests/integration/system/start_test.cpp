// What a start does in which order, and what a look at an installation leaves behind: nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "integration/system/system_fixture.h"

namespace test {
namespace {

namespace fs = std::filesystem;

/// Somebody else's port: connections are taken by the kernel, and nobody ever answers.
class SilentPort {
public:
    SilentPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(::listen(fd_, 8), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentPort() { ::close(fd_); }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Whether somebody has come.
    [[nodiscard]] bool visited() const {
        pollfd waiting{fd_, POLLIN, 0};
        return ::poll(&waiting, 1, 0) == 1;
    }

private:
    int fd_;
    int port_ = 0;
};

class StartTest : public SystemTest {
protected:
    std::string loopback() const { return "127.0.0.1:" + std::to_string(port_); }
    core::ProcessResult doctorOf(const std::string& addresses, const char* data = "data") {
        auto spec = backendCommand({"--http-addr", addresses, "doctor"});
        *std::find(spec.arguments.begin(), spec.arguments.end(), (dir_ / "data").string()) =
            (dir_ / data).string();
        return runner_.run(spec).value();
    }
    static void expectSaid(const core::ProcessResult& doctor, const std::string& line) {
        EXPECT_NE(doctor.output.find(line), std::string::npos) << line << '\n' << doctor.output;
    }
    /// Everything below a folder, with its size.
    static std::set<std::string> contentOf(const fs::path& folder) {
        std::set<std::string> all;
        if (fs::exists(folder))
            for (const auto& entry : fs::recursive_directory_iterator(folder))
                all.insert(entry.path().string() +
                           (entry.is_regular_file() ? ' ' + std::to_string(entry.file_size()) : ""));
        return all;
    }
    void expectLooksMakeNothing() {
        fs::create_directories(dir_ / "tmp");
        environment_["TMPDIR"] = (dir_ / "tmp").string();
        const auto before = contentOf(dir_.path());
        for (const auto& command :
             std::vector<std::vector<std::string>>{{"doctor"}, {"migrate", "--dry-run"}, {"openapi"}}) {
            const auto looked = backend(command);
            EXPECT_EQ(looked.exit.code, 0) << command[0] << looked.output << looked.error;
            EXPECT_EQ(contentOf(dir_.path()), before) << command[0];
        }
        EXPECT_NE(backend({"openapi"}).output.find("/api/v1/restic/agents"), std::string::npos);
    }
};

TEST_F(StartTest, DoctorSaysWhoseABusyPortIs) {
    const auto file = (dir_ / "http.sock").string();
    startBackend("127.0.0.1:0,unix:" + file);
    const auto pid = std::to_string(backend_->pid());
    for (const auto& address :
         {loopback(), "0.0.0.0:" + std::to_string(port_), "[::]:" + std::to_string(port_), "unix:" + file}) {
        const auto own = doctorOf(address);
        expectSaid(own, "✓ address " + address + ": this host is running (process " + pid + ")");
        EXPECT_EQ(own.exit.code, 0) << own.output;
        const auto others = doctorOf(address, "other");
        expectSaid(others, "✗ address " + address + ": Cannot listen on " + address +
                               ": another program listens there");
        expectSaid(others, "It is process " + pid + ", " + program_);
        EXPECT_EQ(others.exit.code, 1);
    }
    const SilentPort somebodys;
    const auto foreign = doctorOf("127.0.0.1:0," + somebodys.address());
    expectSaid(foreign, "✓ address 127.0.0.1:0: free");
    expectSaid(foreign, "✗ address " + somebodys.address());
    expectSaid(foreign, "It is process " + std::to_string(::getpid()) + ", ");
    EXPECT_EQ(foreign.exit.code, 1);
    killBackend();
    expectSaid(doctorOf("unix:" + file), "✓ address unix:" + file + ": free"); // left from a dead host
    EXPECT_EQ(doctorOf("unix:/nowhere/at/all.sock").exit.code, 1);
}

TEST_F(StartTest, LooksMakeNothing) {
    expectLooksMakeNothing();
    EXPECT_FALSE(fs::exists(dir_ / "data"));
    // With tables and without keys: a look must not seal the vault either.
    ASSERT_EQ(backend({"migrate"}).exit.code, 0);
    expectLooksMakeNothing();
    EXPECT_FALSE(fs::exists(dir_ / "data/keys"));
    ASSERT_NO_FATAL_FAILURE(startBackend());
    repository(dir_ / "repository", "cellar");
    stopBackend();
    expectLooksMakeNothing();
    // Nothing is made good by a look.
    fs::remove_all(dir_ / "data/keys");
    EXPECT_EQ(backend({"doctor"}).exit.code, 1);
    EXPECT_FALSE(fs::exists(dir_ / "data/keys"));
    // What could not be made is said all the same.
    writeFile(dir_ / "file", "");
    const auto impossible = doctorOf("127.0.0.1:0", "file/data");
    EXPECT_EQ(impossible.exit.code, 1);
    expectSaid(impossible, "cannot be made or written");
}

TEST_F(StartTest, LooksMakeNothingOnPostgresql) {
    usePostgres();
    expectLooksMakeNothing();
    EXPECT_FALSE(fs::exists(dir_ / "data"));
}

TEST_F(StartTest, ABusyPortIsMetBeforeTheFirstPasswordIsMade) {
    const SilentPort somebodys;
    const auto serve = [&](const std::string& address) {
        auto spec = backendCommand({"--http-addr", address, "serve"});
        spec.environment.erase("AE_BOOTSTRAP_ADMIN_EMAIL");
        spec.environment.erase("AE_BOOTSTRAP_ADMIN_PASSWORD");
        return spec;
    };
    const auto refused = runner_.run(serve("127.0.0.1:0," + somebodys.address())).value();
    EXPECT_EQ(refused.exit.code, 1);
    EXPECT_NE(refused.error.find("another program listens"), std::string::npos) << refused.error;
    EXPECT_EQ(refused.output, "");

    auto spec = serve("127.0.0.1:0");
    const auto said = dir_ / "first.log";
    spec.standardOutput = core::ProcessOutput::toFile(said);
    spec.standardError = core::ProcessOutput::toFile(said);
    backend_ = std::move(runner_.start(spec)).value();
    ASSERT_TRUE(servingPort(*backend_, said));
    EXPECT_NE(readFile(said).find("First sign-in: admin@localhost with the password "), std::string::npos);
}

TEST_F(StartTest, ASignalEndsWhatWaitsForADatabaseAtOnce) {
    for (const int signal : {SIGINT, SIGTERM})
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"serve"}, {"migrate"}, {"migrate", "--dry-run"}, {"doctor"}, {"user", "list"}}) {
            const SilentPort database;
            useDatabase("postgresql://host@" + database.address() + "/ae?connect_timeout=60");
            auto spec = backendCommand({"--http-addr", "127.0.0.1:0"});
            spec.arguments.insert(spec.arguments.end(), command.begin(), command.end());
            const auto process = std::move(runner_.start(spec)).value();
            ASSERT_TRUE(await([&] { return database.visited(); })) << command[0];
            process->signal(signal);
            const auto end = process->wait(1s);
            ASSERT_TRUE(end) << command[0] << " goes on waiting";
            EXPECT_EQ(end->signal, signal) << command[0];
        }
    exempt(Proof::tables, "there is no database: nobody answers");
}

} // namespace
} // namespace test
