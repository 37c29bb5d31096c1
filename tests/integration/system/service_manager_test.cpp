// The real host under something that behaves as systemd does.
#include <filesystem>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "integration/system/system_fixture.h"
#include "support/raw_client.h"

namespace test {
namespace {

namespace fs = std::filesystem;

/// The socket on which a service manager hears from its services.
class NotifySocket {
public:
    explicit NotifySocket(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot bind " + path);
    }
    ~NotifySocket() { ::close(fd_); }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// The next message but signs of life, unless one of those is wanted; "" after 30 s without.
    std::string next(bool signsOfLife = false) {
        for (;;) {
            pollfd entry{fd_, POLLIN, 0};
            if (::poll(&entry, 1, 30000) <= 0)
                return "";
            char block[4096];
            const auto got = ::recv(fd_, block, sizeof block, 0);
            if (got < 0)
                continue;
            const std::string message(block, static_cast<std::size_t>(got));
            if (message.starts_with("WATCHDOG=1") == signsOfLife)
                return message;
        }
    }

private:
    int fd_;
};

class ServiceManagerTest : public SystemTest {
protected:
    /// Two sockets of the manager's, the first of them TCP.
    ServiceManagerTest()
        : tcp_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          file_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        ::bind(tcp_, reinterpret_cast<const sockaddr*>(&address), length);
        ::listen(tcp_, 64);
        ::getsockname(tcp_, reinterpret_cast<sockaddr*>(&address), &length);
        tcpPort_ = ntohs(address.sin_port);
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        path_.copy(static_cast<char*>(name.sun_path), sizeof name.sun_path - 1);
        ::bind(file_, reinterpret_cast<const sockaddr*>(&name), sizeof name);
        ::listen(file_, 64);
    }
    ~ServiceManagerTest() override {
        ::close(tcp_);
        ::close(file_);
    }

    /// Starts the host with both sockets as descriptors 3 and 4. `pid`: whom they are said to be for.
    void startWithSockets(const std::string& pid) {
        configureHost();
        auto spec = backendCommand({"--http-addr", "127.0.0.1:0", "serve"});
        // Only the process that becomes the host knows its number.
        std::vector<std::string> arguments{"-c", "LISTEN_PID=" + pid + " WATCHDOG_PID=$$ exec \"$0\" \"$@\"",
                                           spec.program};
        arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
        spec.program = "/bin/sh";
        spec.arguments = std::move(arguments);
        spec.inherited = {tcp_, file_};
        spec.environment["LISTEN_FDS"] = "2";
        spec.environment["LISTEN_FDNAMES"] = "tcp:file";
        spec.environment["NOTIFY_SOCKET"] = (dir_ / "notify").string();
        spec.environment["WATCHDOG_USEC"] = "200000";
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "backend.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "backend.log");
        backend_ = std::move(runner_.start(spec)).value();
    }

    int tcp_, file_;
    std::uint16_t tcpPort_ = 0;
    const std::string path_ = (dir_ / "manager.sock").string();
    NotifySocket notify_{(dir_ / "notify").string()};
};

TEST_F(ServiceManagerTest, TheHostServesTheGivenSocketsAndTellsHowItIs) {
    startWithSockets("$$");
    EXPECT_EQ(notify_.next(),
              "READY=1\nSTATUS=Serving on 127.0.0.1:" + std::to_string(tcpPort_) + ", unix:" + path_ + "\n");
    RawClient tcp(tcpPort_);
    EXPECT_EQ(tcp.ask("/health/live").status, 200);
    RawClient file(path_);
    EXPECT_EQ(file.ask("/health/live").status, 200);

    EXPECT_EQ(notify_.next(true), "WATCHDOG=1\n");
    EXPECT_EQ(notify_.next(true), "WATCHDOG=1\n");

    backend_->signal(SIGHUP);
    EXPECT_TRUE(notify_.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_TRUE(notify_.next().starts_with("READY=1\n"));

    backend_->signal(SIGTERM);
    EXPECT_TRUE(notify_.next().starts_with("STOPPING=1\n"));
    const auto exit = backend_->wait(30s);
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->ok()) << exit->describe();
    EXPECT_TRUE(fs::exists(path_)) << "the manager's socket file is the manager's";
}

TEST_F(ServiceManagerTest, SocketsThatAreMeantForAnotherProcessAreNotTaken) {
    startWithSockets("1");
    const auto ready = notify_.next();
    EXPECT_TRUE(ready.starts_with("READY=1\nSTATUS=Serving on 127.0.0.1:")) << ready;
    EXPECT_EQ(ready.find("unix:"), std::string::npos) << ready;
    EXPECT_EQ(ready.find(":" + std::to_string(tcpPort_)), std::string::npos) << ready;
}

TEST(SystemdUnits, AreValid) {
    const fs::path units = fs::path(AE_SOURCE_DIR) / "deploy/systemd";
    TempDir dir;
    for (const char* name : {"ae-backend.service", "ae-backend.socket"}) {
        auto text = readFile(units / name);
        const std::string installed = "/usr/bin/ae-backend ", built = AE_BUILD_DIR "/bin/ae-backend ";
        if (const auto at = text.find(installed); at != std::string::npos)
            text.replace(at, installed.size(), built);
        writeFile(dir / name, text);
    }
    core::ProcessSpec spec;
    spec.program = "/usr/bin/systemd-analyze";
    spec.arguments = {"verify", "--man=no", (dir / "ae-backend.service").string(),
                      (dir / "ae-backend.socket").string()};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.standardOutput = core::ProcessOutput::capture();
    spec.standardError = core::ProcessOutput::capture();
    spec.timeout = 60s;
    core::SystemProcessRunner runner;
    const auto result = runner.run(spec).value();
    EXPECT_TRUE(result.exit.ok()) << result.exit.describe();
    EXPECT_EQ(result.output + result.error, "");
}

} // namespace
} // namespace test
