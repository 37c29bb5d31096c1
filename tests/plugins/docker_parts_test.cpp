#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connection.h"
#include "core/testing/temp_dir.h"
#include "exec.h"
#include "own_container.h"
#include "plugins/docker_engine.h"
#include "support/plugin_driver.h"

namespace {
using docker::Frames;
using docker::OwnContainer;
using testing::AllOf;
using testing::HasSubstr;

const std::string kId(std::string(32, 'a') + std::string(32, '1'));
const std::string kOther(std::string(32, 'b') + std::string(32, '2'));

TEST(DockerOwnContainer, IsToldByTheControlGroup) {
    for (const auto& line : {"12:pids:/docker/" + kId, "0::/system.slice/docker-" + kId + ".scope",
                             "4:memory:/kubepods/burstable/pod1/" + kId + "\n0::/"}) {
        const OwnContainer own(line + "\n", "", "machine");
        EXPECT_TRUE(own.is(kId)) << line;
        EXPECT_FALSE(own.is(kOther)) << line;
    }
    EXPECT_FALSE(OwnContainer("0::/\n", "", "machine").is(kId));
    EXPECT_FALSE(OwnContainer("0::/user.slice/" + kId + "1\n", "", "machine").is(kId)) << "longer than an id";
    EXPECT_FALSE(OwnContainer("0::/\n", "", "").is(""));
}

TEST(DockerOwnContainer, IsToldByTheFilesThatTheEnginePutsIntoIt) {
    const auto line = [](const std::string& id, const std::string& point) {
        return "36 35 98:0 /var/lib/docker/containers/" + id + "/hostname " + point +
               " rw,noatime - ext4 /dev/root rw\n";
    };
    EXPECT_TRUE(OwnContainer("0::/\n", line(kId, "/etc/hostname"), "machine").is(kId));
    EXPECT_TRUE(OwnContainer("0::/\n", line(kId, "/etc/resolv.conf"), "machine").is(kId));
    // A machine with containers has them among its mounts.
    EXPECT_FALSE(
        OwnContainer("0::/\n", line(kId, "/var/lib/docker/containers/" + kId + "/mounts/shm"), "machine")
            .is(kId));
}

TEST(DockerOwnContainer, IsToldByTheNameOfItsHost) {
    EXPECT_TRUE(OwnContainer("0::/\n", "", kId.substr(0, 12)).is(kId));
    EXPECT_FALSE(OwnContainer("0::/\n", "", kId.substr(0, 12)).is(kOther));
    EXPECT_FALSE(OwnContainer("0::/\n", "", "a").is(kId));
}

TEST(DockerFrames, AreTakenApartWhereverTheyAreCut) {
    const std::string text("\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\3bad\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1!", 41);
    for (std::size_t size = 1; size <= text.size(); ++size) {
        std::string output;
        std::string error;
        Frames frames([&](std::string_view piece) { output += piece; },
                      [&](std::string_view piece) { error += piece; });
        for (std::size_t at = 0; at < text.size(); at += size)
            EXPECT_TRUE(frames.read(std::string_view(text).substr(at, size)));
        EXPECT_TRUE(frames.whole());
        EXPECT_EQ(output, "hello!");
        EXPECT_EQ(error, "bad");
    }
    for (const std::size_t cut : {1U, 8U, 12U, 14U}) {
        Frames frames([](std::string_view) {}, [](std::string_view) {});
        EXPECT_TRUE(frames.read(std::string_view(text).substr(0, cut)));
        EXPECT_FALSE(frames.whole()) << cut;
    }
    Frames frames([](std::string_view) {}, [](std::string_view) {});
    EXPECT_FALSE(frames.read("HTTP/1.1 500 Internal Server Error"));
}

/// Of a connection to that socket.
std::pair<std::string, std::string> failureOf(const std::string& socket) {
    try {
        (void)docker::connectTo(socket);
    } catch (const agent::plugin::Failure& failure) {
        return {failure.what(), failure.hint()};
    }
    return {};
}

TEST(DockerSocket, ThatIsNotThereIsNamed) {
    const core::testkit::TempDir folder;
    const auto socket = (folder.path() / "docker.sock").string();
    test::PluginDriver driver("docker");
    for (const auto* step : {"probe", "dump"}) {
        const auto end =
            std::string(step) == "probe"
                ? driver.run(step, {{"socket", socket}})
                : driver.dump({{"socket", socket}}, {{"name", "volume x"}}, folder.path() / "dump");
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, AllOf(HasSubstr("There is no Docker socket"), HasSubstr(socket)));
        EXPECT_THAT(end.hint, HasSubstr("systemctl start docker"));
    }
    EXPECT_TRUE(driver.run("cleanup", {{"socket", socket}}).ok) << "there is nothing to put right";
}

TEST(DockerSocket, WithoutAnEngineIsNamed) {
    const core::testkit::TempDir folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (folder.path() / "s").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const docker::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_THAT(failureOf(path).first, HasSubstr("No Docker engine listens"));
    EXPECT_THAT(failureOf(std::string(200, '/')).first, HasSubstr("too long"));
}

TEST(DockerSocket, ThatIsNotPermittedIsNamed) {
    const core::testkit::TempDir folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (folder.path() / "s").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const docker::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(socket.fd(), 1), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0660), 0);
    const auto child = ::fork(); // another user, without harm to this process
    if (child == 0) {
        if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
            ::_exit(2);
        const auto [message, hint] = failureOf(path);
        ::_exit(message.find("not permitted") != std::string::npos &&
                        hint.find("usermod") != std::string::npos
                    ? 0
                    : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(DockerSocket, OfSomethingElseIsNamed) {
    const core::testkit::TempDir folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (folder.path() / "s").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const docker::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(socket.fd(), 4), 0);
    const auto child = ::fork();
    if (child == 0) {
        for (;;) {
            const int client = ::accept(socket.fd(), nullptr, nullptr);
            char request[4096];
            (void)!::read(client, request, sizeof request);
            (void)docker::sendAll(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            ::close(client);
        }
    }
    test::PluginDriver driver("docker");
    const auto end = driver.run("probe", {{"socket", path}});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("no Docker engine"));
}
} // namespace
