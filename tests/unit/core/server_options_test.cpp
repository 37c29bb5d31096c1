#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/server_options.h"
#include "host/settings.h"

namespace core::host {
namespace {

http::ServerOptions optionsWith(std::map<std::string, std::string> flags) {
    config::Sources sources;
    sources.flags = std::move(flags);
    return serverOptions(*config::read(settings(), sources).value());
}

std::string problemWith(std::map<std::string, std::string> flags) {
    try {
        optionsWith(std::move(flags));
    } catch (const Error& error) {
        EXPECT_EQ(error.name(), "ValidationError");
        return error.what();
    }
    return "";
}

TEST(ServerOptions, ComeFromTheSettings) {
    const auto options = optionsWith({{"http.addr", "127.0.0.1:1,[::1]:2,unix:/run/x"},
                                      {"tls.cert_file", "/c"},
                                      {"tls.key_file", "/k"},
                                      {"tls.client_ca_file", "/ca"},
                                      {"http.trusted_proxies", "10.0.0.0/8,::1"},
                                      {"http.proxy_protocol", "true"},
                                      {"http.max_connections_per_address", "7"},
                                      {"http.max_parked", "8"},
                                      {"http.max_request_memory", "33MiB"}});
    ASSERT_EQ(options.addresses.size(), 3U);
    EXPECT_EQ(options.addresses[1].host, "::1");
    EXPECT_EQ(options.addresses[2].path, "/run/x");
    EXPECT_EQ(options.tls, (http::TlsFiles{"/c", "/k", "/ca"}));
    EXPECT_TRUE(options.trustedProxies.contains(std::string_view("10.1.1.1")));
    EXPECT_TRUE(options.trustedProxies.contains(std::string_view("::1")));
    EXPECT_TRUE(options.proxyProtocol);
    EXPECT_EQ(options.maxConnectionsPerAddress, 7U);
    EXPECT_EQ(options.maxParked, 8U);
    EXPECT_EQ(options.maxRequestMemory, 33U << 20U);

    const auto defaults = optionsWith({});
    ASSERT_EQ(defaults.addresses.size(), 1U);
    EXPECT_EQ(defaults.addresses[0].text, "0.0.0.0:8080");
    EXPECT_FALSE(defaults.tls);
    EXPECT_FALSE(defaults.proxyProtocol);
}

TEST(ServerOptions, ThatMeanNothingAreNamed) {
    using testing::HasSubstr;
    EXPECT_THAT(problemWith({{"http.addr", "127.0.0.1:1,localhost"}}),
                HasSubstr("\"localhost\" has no port"));
    EXPECT_THAT(problemWith({{"http.addr", ","}}), HasSubstr("http.addr names no address"));
    EXPECT_THAT(problemWith({{"tls.cert_file", "/c"}}), HasSubstr("go together"));
    EXPECT_THAT(problemWith({{"tls.key_file", "/k"}}), HasSubstr("go together"));
    EXPECT_THAT(problemWith({{"tls.client_ca_file", "/ca"}}), HasSubstr("needs tls.cert_file"));
    EXPECT_THAT(problemWith({{"http.addr", "https://127.0.0.1:1"}}), HasSubstr("needs tls.cert_file"));
    EXPECT_THAT(problemWith({{"http.trusted_proxies", "proxy.example.org"}}),
                HasSubstr("http.trusted_proxies: \"proxy.example.org\" is no address"));
}

} // namespace
} // namespace core::host
