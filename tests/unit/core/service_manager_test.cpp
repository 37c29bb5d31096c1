#include <cstdlib>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    const auto manager = ServiceManager::takeFromEnvironment();
    EXPECT_THAT(manager.sockets(), testing::IsEmpty());
    EXPECT_FALSE(manager.aliveEvery());
    manager.ready("nobody hears it");
    manager.alive();
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
