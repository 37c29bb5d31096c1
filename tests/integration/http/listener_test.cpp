#include <filesystem>

#include <sys/stat.h>

#include "core/testing/temp_dir.h"
#include "http/listener.h"
#include "integration/http/server_fixture.h"

namespace core::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ListenerTest : public ServerTest {
protected:
    static ListenAddress address(const std::string& text) { return ListenAddress::parse(text).value(); }
    void expectBusy(const std::string& text) {
        try {
            Listener::bind(address(text));
            ADD_FAILURE() << "bound " << text;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(text));
            EXPECT_THAT(error.what(), HasSubstr("another program listens there"));
        }
    }
    core::testkit::TempDir dir;
    const std::string path = (dir / "http.sock").string();
};

TEST_F(ListenerTest, ServesSeveralAddressesAtOnce) {
    options.addresses = {address("unix:" + path), address("127.0.0.1:0"), address("[::1]:0")};
    start();
    ASSERT_THAT(server->addresses(),
                ElementsAre("unix:" + path, StartsWith("127.0.0.1:"), StartsWith("[::1]:")));
    EXPECT_EQ("127.0.0.1:" + std::to_string(server->port()), server->addresses()[1]);
    test::RawClient file(path);
    auto tcp = connect();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(file.ask("/ok").body, "ok");
        EXPECT_EQ(tcp.ask("/ok").body, "ok");
    }
    EXPECT_EQ(server->stats().open, 2U);
}

TEST_F(ListenerTest, EveryAddressOfIpv6IsEveryOneOfIpv4Too) {
    add("GET", "/who",
        [](Request& request) -> Outcome { return Response::text(request.remoteAddress, "text/plain"); });
    options.addresses = {address("[::]:0")};
    start();
    EXPECT_EQ(connect().ask("/who").body, "127.0.0.1");
}

TEST_F(ListenerTest, ASocketFileIsForItsUserAndGroupOnlyAndGoesWithTheServer) {
    const auto before = ::umask(0);
    options.addresses = {address("unix:" + path)};
    start();
    ::umask(before);
    struct stat made {};
    ASSERT_EQ(::lstat(path.c_str(), &made), 0);
    EXPECT_TRUE(S_ISSOCK(made.st_mode));
    EXPECT_EQ(made.st_mode & 07777U, 0660U);
    EXPECT_TRUE(server->stop());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ListenerTest, ASocketFileOfADeadHostIsReplacedAndALiveOneIsNot) {
    {
        Listener dead = Listener::bind(address("unix:" + path));
        std::filesystem::rename(path, path + ".kept"); // so that its end does not remove it
    }
    std::filesystem::rename(path + ".kept", path);
    ASSERT_TRUE(std::filesystem::is_socket(path));
    options.addresses = {address("unix:" + path)};
    start();
    expectBusy("unix:" + path);
    test::RawClient client(path);
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(ListenerTest, AFileThatIsNoSocketIsLeftAlone) {
    core::testkit::writeFile(path, "precious");
    expectBusy("unix:" + path);
    EXPECT_EQ(core::testkit::readFile(path), "precious");
}

TEST_F(ListenerTest, TheFileOfASuccessorIsLeftAlone) {
    {
        Listener first = Listener::bind(address("unix:" + path));
        std::filesystem::remove(path);
        Listener second = Listener::bind(address("unix:" + path));
        { const Listener ended = std::move(first); }
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ListenerTest, ASocketThatSomebodyElseHasBoundReplacesTheAddresses) {
    Listener given = Listener::bind(address("127.0.0.1:0"));
    given.listen();
    const std::string name = given.name();
    options.adopted = {::dup(given.descriptor())};
    start();
    EXPECT_THAT(server->addresses(), ElementsAre(name));
    auto client = connect();
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(ListenerTest, WhatDoesNotListenIsNotTaken) {
    options.adopted = {::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    try {
        start();
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("is no listening stream socket"));
    }
}

TEST_F(ListenerTest, TheLoopTicksWhileItWorks) {
    std::atomic<int> ticks{0};
    options.ticks.push_back({1ms, [&] { ++ticks; }});
    start();
    EXPECT_TRUE(test::await([&] { return ticks >= 3; }));
    server.reset(); // before what it calls
}

} // namespace
} // namespace core::http
