#include "core/http/proxy.h"

#include <gtest/gtest.h>

namespace {
using core::http::Proxy;
using core::http::ProxyRules;
using Variables = std::map<std::string, std::string>;

ProxyRules rules(const Variables& variables) {
    return ProxyRules::fromEnvironment([&](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}

TEST(ProxyRules, ReadWhatCurlAndResticRead) {
    const auto all = rules({{"HTTPS_PROXY", "http://proxy.example.com:3128"}});
    EXPECT_EQ(all.find("https", "host", 443), (Proxy{"proxy.example.com", 3128, ""}));
    EXPECT_EQ(all.find("http", "host", 80), std::nullopt);
    EXPECT_EQ(rules({{"https_proxy", "small:1"}, {"HTTPS_PROXY", "large:2"}}).find("https", "h", 443)->host,
              "small");
    EXPECT_EQ(rules({{"ALL_PROXY", "p"}}).find("http", "h", 80), (Proxy{"p", 80, ""}));
    EXPECT_EQ(rules({{"HTTP_PROXY", "p"}}).find("http", "h", 80), std::nullopt)
        << "a client's header can set it";
    EXPECT_EQ(rules({{"HTTPS_PROXY", "http://user:p%40ss@[::1]:8080/"}}).find("https", "h", 443),
              (Proxy{"::1", 8080, "user:p@ss"}));
    EXPECT_EQ(rules({}).find("https", "h", 443), std::nullopt);
}

TEST(ProxyRules, KnowTheirExceptions) {
    const auto some =
        rules({{"HTTPS_PROXY", "p:1"},
               {"NO_PROXY", "internal.example.com, .corp.example, 10.0.0.0/8,192.0.2.7,[2001:db8::1], "
                            "only.port:8443, *.star.example,fd00::/8"}});
    for (const auto* direct :
         {"internal.example.com", "INTERNAL.example.com", "a.internal.example.com", "a.corp.example",
          "corp.example", "10.1.2.3", "192.0.2.7", "2001:db8::1", "[2001:db8::1]", "x.star.example",
          "fd12::9", "localhost", "127.0.0.1", "127.9.9.9", "::1", "a.localhost"})
        EXPECT_EQ(some.find("https", direct, 443), std::nullopt) << direct;
    for (const auto* proxied : {"example.com", "notinternal.example.com", "internal.example.com.evil.org",
                                "11.0.0.1", "192.0.2.8", "xcorp.example", "only.port", "2001:db8::2"})
        EXPECT_TRUE(some.find("https", proxied, 443)) << proxied;
    EXPECT_EQ(some.find("https", "only.port", 8443), std::nullopt);
    EXPECT_EQ(rules({{"HTTPS_PROXY", "p:1"}, {"no_proxy", "*"}}).find("https", "h", 443), std::nullopt);
}

TEST(ProxyRules, RefuseWhatIsNoProxyWithoutQuotingIt) {
    for (const auto* bad :
         {"socks5://secret:1", "https://secret:1", "http://secret:port", "http://:1", "secret:0"}) {
        try {
            static_cast<void>(rules({{"HTTPS_PROXY", bad}}));
            ADD_FAILURE() << bad;
        } catch (const core::Error& error) {
            EXPECT_NE(std::string(error.what()).find("HTTPS_PROXY"), std::string::npos);
            EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
        }
    }
}
} // namespace
