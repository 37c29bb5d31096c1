#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/ip_address.h"
#include "http/address_count.h"
#include "http/forwarded.h"

namespace core::http {
namespace {

using testing::HasSubstr;

AddressSet set(const std::vector<std::string>& entries) {
    return AddressSet::parse(entries).value();
}

TEST(IpAddress, ReadsOneAddressAndNothingElse) {
    for (const auto& [text, written] : {std::pair{"127.0.0.1", "127.0.0.1"},
                                        {"::1", "::1"},
                                        {"2001:DB8:0:0::7", "2001:db8::7"},
                                        {"::ffff:192.0.2.7", "192.0.2.7"}}) {
        const auto address = IpAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), written);
    }
    for (const char* text :
         {"", "1", "127.1", "010.0.0.1", "0x7f.0.0.1", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "256.0.0.1",
          "[::1]", "fe80::1%lo", "::1::", "unknown", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, KnowsLoopback) {
    for (const char* text : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(IpAddress::parse(text)->isLoopback()) << text;
    for (const char* text : {"128.0.0.1", "0.0.0.0", "::", "::2", "::127.0.0.1"})
        EXPECT_FALSE(IpAddress::parse(text)->isLoopback()) << text;
}

TEST(AddressSet, HoldsAddressesAndNetworks) {
    const auto some = set({"10.0.0.0/8", "192.0.2.7", "172.16.0.0/12", "2001:db8::/33", "::1"});
    for (const char* text : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "172.31.255.255", "2001:db8:7fff::1",
                             "::1", "::ffff:10.1.1.1"})
        EXPECT_TRUE(some.contains(std::string_view(text))) << text;
    for (const char* text : {"11.0.0.0", "9.255.255.255", "192.0.2.8", "172.32.0.0", "2001:db8:8000::1",
                             "::2", "unix", "", "10.0.0.1:80"})
        EXPECT_FALSE(some.contains(std::string_view(text))) << text;
    EXPECT_FALSE(AddressSet().contains(std::string_view("127.0.0.1")));
    EXPECT_TRUE(set({"0.0.0.0/0"}).contains(std::string_view("192.0.2.7")));
    EXPECT_FALSE(set({"0.0.0.0/0"}).contains(std::string_view("2001:db8::1")));
    EXPECT_TRUE(set({"::/0"}).contains(std::string_view("2001:db8::1")));
    EXPECT_TRUE(set({"::ffff:10.0.0.0/104"}).contains(std::string_view("10.7.7.7")));
}

TEST(AddressSet, NamesAnEntryThatIsNone) {
    for (const char* entry : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "2001:db8::/129",
                              "proxy", "10.0.0.0/8/8", "10.0.0.0/ 8"}) {
        const auto wrong = AddressSet::parse({"::1", entry});
        ASSERT_FALSE(wrong) << entry;
        EXPECT_THAT(wrong.error().what(), HasSubstr("\"" + std::string(entry) + "\""));
    }
}

TEST(AddressCount, CountsToItsLimitForEachAddress) {
    AddressCount count;
    const auto key = [](const char* text) { return IpAddress::parse(text)->network(); };
    EXPECT_TRUE(count.take(key("192.0.2.7"), 2));
    EXPECT_TRUE(count.take(key("192.0.2.7"), 2));
    EXPECT_FALSE(count.take(key("192.0.2.7"), 2));
    EXPECT_TRUE(count.take(key("192.0.2.8"), 2));
    count.giveBack(key("192.0.2.7"));
    EXPECT_TRUE(count.take(key("192.0.2.7"), 2));
    EXPECT_FALSE(count.take(key("192.0.2.7"), 2));
    // Of IPv6 a whole network of 64 bits counts as one.
    EXPECT_TRUE(count.take(key("2001:db8::1"), 1));
    EXPECT_FALSE(count.take(key("2001:db8::ffff:1"), 1));
    EXPECT_TRUE(count.take(key("2001:db8:0:1::1"), 1));
}

class Forwarded : public testing::Test {
protected:
    std::string client(const std::vector<std::pair<std::string, std::string>>& fields) {
        Headers headers;
        for (const auto& [name, value] : fields)
            headers.add(name, value);
        const auto found = forwardedClient(headers, {"10.0.0.1", false}, trusted);
        return found.address + (found.secure ? " secure" : "");
    }
    AddressSet trusted = set({"10.0.0.0/8"});
};

TEST_F(Forwarded, IsTheRightmostThatIsNoProxy) {
    const std::string kFor = "X-Forwarded-For";
    EXPECT_EQ(client({}), "10.0.0.1");
    EXPECT_EQ(client({{kFor, "192.0.2.7"}}), "192.0.2.7");
    EXPECT_EQ(client({{kFor, "203.0.113.9, 192.0.2.7"}}), "192.0.2.7");
    EXPECT_EQ(client({{kFor, "192.0.2.7,10.0.0.2 ,\t10.0.0.3"}}), "192.0.2.7");
    EXPECT_EQ(client({{kFor, "10.0.0.4, 10.0.0.3"}}), "10.0.0.4");
    EXPECT_EQ(client({{"x-forwarded-for", "203.0.113.9"}, {kFor, "192.0.2.7"}}), "192.0.2.7");
    EXPECT_EQ(client({{kFor, "203.0.113.9"}, {kFor, "10.0.0.3"}}), "203.0.113.9");
}

TEST_F(Forwarded, MayHaveAPort) {
    const std::string kFor = "X-Forwarded-For";
    EXPECT_EQ(client({{kFor, "192.0.2.7:40000"}}), "192.0.2.7");
    EXPECT_EQ(client({{kFor, "[2001:db8::7]:40000"}}), "2001:db8::7");
    EXPECT_EQ(client({{kFor, "2001:db8::7"}}), "2001:db8::7");
}

TEST_F(Forwarded, StopsAtWhatIsNoAddress) {
    const std::string kFor = "X-Forwarded-For";
    EXPECT_EQ(client({{kFor, "192.0.2.7, unknown"}}), "10.0.0.1");
    EXPECT_EQ(client({{kFor, "192.0.2.7, , 10.0.0.3"}}), "10.0.0.3");
    EXPECT_EQ(client({{kFor, "192.0.2.7, <script>, 10.0.0.3"}}), "10.0.0.3");
    EXPECT_EQ(client({{kFor, ""}}), "10.0.0.1");
    EXPECT_EQ(client({{kFor, "[2001:db8::7"}}), "10.0.0.1");
}

TEST_F(Forwarded, SaysWhetherTheClientSpokeTls) {
    const std::string kProto = "X-Forwarded-Proto";
    EXPECT_EQ(client({{kProto, "https"}}), "10.0.0.1 secure");
    EXPECT_EQ(client({{kProto, "HTTPS"}}), "10.0.0.1 secure");
    EXPECT_EQ(client({{kProto, "http"}}), "10.0.0.1");
    EXPECT_EQ(client({{kProto, "https, http"}}), "10.0.0.1");
    EXPECT_EQ(client({{kProto, "https"}, {kProto, "http"}}), "10.0.0.1");
    Headers plain;
    plain.add("X-Forwarded-Proto", "http");
    EXPECT_FALSE(forwardedClient(plain, {"10.0.0.1", true}, trusted).secure);
    EXPECT_TRUE(forwardedClient(Headers(), {"10.0.0.1", true}, trusted).secure);
}

} // namespace
} // namespace core::http
