#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/listen_address.h"

namespace core::http {
namespace {

using Protocol = ListenAddress::Protocol;

TEST(ListenAddress, ReadsEveryNotation) {
    struct Case {
        const char* text;
        Protocol protocol;
        const char* host;
        const char* port;
        const char* path;
    };
    for (const auto& [text, protocol, host, port, path] : {
             Case{"0.0.0.0:8080", Protocol::automatic, "0.0.0.0", "8080", ""},
             Case{":0", Protocol::automatic, "", "0", ""},
             Case{"[::1]:65535", Protocol::automatic, "::1", "65535", ""},
             Case{"backup.example.org:443", Protocol::automatic, "backup.example.org", "443", ""},
             Case{"http://127.0.0.1:80", Protocol::plain, "127.0.0.1", "80", ""},
             Case{"https://[::]:443", Protocol::tls, "::", "443", ""},
             Case{"unix:/run/ae/http.sock", Protocol::plain, "", "", "/run/ae/http.sock"},
         }) {
        const auto address = ListenAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address.value().text, text);
        EXPECT_EQ(address.value().protocol, protocol) << text;
        EXPECT_EQ(address.value().host, host) << text;
        EXPECT_EQ(address.value().port, port) << text;
        EXPECT_EQ(address.value().path, path) << text;
    }
}

TEST(ListenAddress, SaysWhatIsWrong) {
    for (const auto& [text, reason] : {
             std::pair{"", "has no port"},
             {"localhost", "has no port"},
             {"localhost:http", "a port is a number up to 65535"},
             {"localhost:65536", "a port is a number up to 65535"},
             {"localhost:-1", "a port is a number up to 65535"},
             {"localhost:80 ", "a port is a number up to 65535"},
             {"::1:8080", "write an IPv6 address in brackets"},
             {"ftp://h:80", "is ambiguous"},
             {"h/x:80", "is no address to listen on"},
             {"unix:run/x", "needs an absolute path"},
         }) {
        const auto address = ListenAddress::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().name(), "ValidationError");
        EXPECT_THAT(address.error().what(), testing::HasSubstr(reason));
    }
    const auto longPath = ListenAddress::parse("unix:/" + std::string(107, 'x'));
    ASSERT_FALSE(longPath);
    EXPECT_THAT(longPath.error().what(), testing::HasSubstr("is too long"));
    EXPECT_TRUE(ListenAddress::parse("unix:/" + std::string(106, 'x')));
}

} // namespace
} // namespace core::http
