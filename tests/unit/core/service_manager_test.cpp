#include <algorithm>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "host/service_manager.h"

namespace core::host {
namespace {

using namespace std::chrono_literals;

class ServiceManagerVariables : public testing::Test {
protected:
    ServiceManagerVariables() { clear(); }
    ~ServiceManagerVariables() override { clear(); }
    static void clear() {
        for (const char* name : kNames)
            ::unsetenv(name);
    }
    static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
    static constexpr const char* kNames[] = {"LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES",
                                             "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"};
};

TEST_F(ServiceManagerVariables, AreTakenAway) {
    for (const char* name : kNames)
        set(name, "1");
    static_cast<void>(ServiceManager::takeFromEnvironment());
    for (const char* name : kNames)
        EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST_F(ServiceManagerVariables, SayNothingWithoutAManager) {
    // Somebody listens, and was named to the process before: the first who took the variables speaks to it.
    const core::testkit::TempDir dir;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (dir.path() / "notify").string();
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::copy(path.begin(), path.end(), address.sun_path);
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const auto heard = [&] {
        char text[256];
        const auto size = ::recv(socket, text, sizeof text, MSG_DONTWAIT);
        return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
    };
    set("NOTIFY_SOCKET", path);
    const auto managed = ServiceManager::takeFromEnvironment();
    managed.ready("somebody hears it");
    EXPECT_NE(heard().find("READY=1"), std::string::npos);

    const auto manager = ServiceManager::takeFromEnvironment();
    EXPECT_THAT(manager.sockets(), testing::IsEmpty());
    EXPECT_FALSE(manager.aliveEvery());
    manager.ready("nobody hears it");
    manager.alive();
    EXPECT_EQ(heard(), "");
    ::close(socket);
}

TEST_F(ServiceManagerVariables, CountTheSocketsOfThisProcessOnly) {
    set("LISTEN_FDS", "3");
    set("LISTEN_PID", std::to_string(::getpid()));
    EXPECT_THAT(ServiceManager::takeFromEnvironment().sockets(), testing::ElementsAre(3, 4, 5));
    set("LISTEN_FDS", "3");
    set("LISTEN_PID", std::to_string(::getppid()));
    EXPECT_THAT(ServiceManager::takeFromEnvironment().sockets(), testing::IsEmpty());
    for (const char* count : {"-1", "x", "3x", ""}) {
        set("LISTEN_FDS", count);
        set("LISTEN_PID", std::to_string(::getpid()));
        EXPECT_THAT(ServiceManager::takeFromEnvironment().sockets(), testing::IsEmpty()) << count;
    }
}

TEST_F(ServiceManagerVariables, AskForASignOfLifeTwiceAsOftenAsNeeded) {
    set("WATCHDOG_USEC", "30000000");
    EXPECT_EQ(ServiceManager::takeFromEnvironment().aliveEvery(), 15s);
    set("WATCHDOG_USEC", "30000000");
    set("WATCHDOG_PID", std::to_string(::getppid()));
    EXPECT_FALSE(ServiceManager::takeFromEnvironment().aliveEvery());
    for (const char* wrong : {"0", "-5", "soon"}) {
        set("WATCHDOG_USEC", wrong);
        EXPECT_FALSE(ServiceManager::takeFromEnvironment().aliveEvery()) << wrong;
    }
}

} // namespace
} // namespace core::host
