#include <gtest/gtest.h>

#include "http/proxy_header.h"

namespace core::http {
namespace {

using Progress = ProxyParse::Progress;
using namespace std::string_literals;

const std::string kStart = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(unsigned char command, unsigned char family, const std::string& rest) {
    return kStart + static_cast<char>(command) + static_cast<char>(family) +
           static_cast<char>(rest.size() >> 8U) + static_cast<char>(rest.size() & 0xffU) + rest;
}
const std::string kV4 = "\xc0\0\x02\x07\x0a\0\0\x01\x9c\x40\x01\xbb"s;
const std::string kV6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
                        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x9c\x40\x01\xbb"s;

/// Of a whole header with something behind it, which must not count; also fed byte by byte.
std::string clientOf(const std::string& header) {
    for (std::size_t i = 0; i < header.size(); ++i)
        EXPECT_EQ(parseProxyHeader(std::string_view(header).substr(0, i)).progress, Progress::incomplete)
            << i;
    const auto parsed = parseProxyHeader(header + "GET / HTTP/1.1\r\n");
    EXPECT_EQ(parsed.progress, Progress::complete);
    EXPECT_EQ(parsed.header.size, header.size());
    return (parsed.header.client ? parsed.header.client->text() : "none") +
           (parsed.header.secure ? " secure" : "");
}

TEST(ProxyHeader, ReadsText) {
    EXPECT_EQ(clientOf("PROXY TCP4 192.0.2.7 10.0.0.1 40000 443\r\n"), "192.0.2.7");
    EXPECT_EQ(clientOf("PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n"), "2001:db8::7");
    EXPECT_EQ(clientOf("PROXY UNKNOWN\r\n"), "none");
    EXPECT_EQ(clientOf("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), "none");
}

TEST(ProxyHeader, ReadsBinary) {
    EXPECT_EQ(clientOf(binary(0x21, 0x11, kV4)), "192.0.2.7");
    EXPECT_EQ(clientOf(binary(0x21, 0x21, kV6)), "2001:db8::7");
    EXPECT_EQ(clientOf(binary(0x21, 0x31, std::string(216, '\0'))), "none");
    EXPECT_EQ(clientOf(binary(0x21, 0x00, "")), "none");
    EXPECT_EQ(clientOf(binary(0x20, 0x00, "")), "none");
    EXPECT_EQ(clientOf(binary(0x20, 0x11, kV4)), "none") << "the proxy asks for itself";
}

TEST(ProxyHeader, ReadsWhatIsAdded) {
    EXPECT_EQ(clientOf(binary(0x21, 0x11, kV4 + "\x04\0\x02xx"s)), "192.0.2.7");
    EXPECT_EQ(clientOf(binary(0x21, 0x11, kV4 + "\x04\0\0"s + "\x20\0\x05\x01\0\0\0\0"s)),
              "192.0.2.7 secure");
    EXPECT_EQ(clientOf(binary(0x21, 0x11, kV4 + "\x20\0\x05\0\0\0\0\0"s)), "192.0.2.7");
}

TEST(ProxyHeader, RefusesWhatIsNone) {
    for (const auto& bytes : {
             "GET / HTTP/1.1\r\n"s,
             "proxy TCP4"s,
             "PROXYTCP4"s,
             "\r\n\r\nGET"s,
             "\x16\x03\x01"s,
             "PROXY TCP4\r\n"s,
             "PROXY \r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 40000\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 40000 443 1\r\n"s,
             "PROXY TCP4  192.0.2.7 10.0.0.1 40000 443\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 40000 443 \r\n"s,
             "PROXY TCP5 192.0.2.7 10.0.0.1 40000 443\r\n"s,
             "PROXY UNKNOWNS\r\n"s,
             "PROXY TCP4 2001:db8::7 2001:db8::1 40000 443\r\n"s,
             "PROXY TCP6 192.0.2.7 10.0.0.1 40000 443\r\n"s,
             "PROXY TCP4 192.0.2 10.0.0.1 40000 443\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0 40000 443\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 65536 443\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 40000 -1\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 040 443\r\n"s,
             "PROXY TCP4 192.0.2.7 10.0.0.1 40000 \r\n"s,
             "PROXY UNKNOWN "s + std::string(107, 'x'),
             binary(0x11, 0x11, kV4),           // version 1 in the form of version 2
             binary(0x22, 0x11, kV4),           // no such command
             binary(0x21, 0x12, kV4),           // datagrams
             binary(0x21, 0x41, kV4),           // no such family
             binary(0x21, 0x11, kV4.substr(1)), // too short for its addresses
             binary(0x21, 0x21, kV4),
             binary(0x21, 0x11, kV4 + "\x04\0"s), // half of an addition
             binary(0x21, 0x11, kV4 + "\x04\0\x03xx"s),
             binary(0x21, 0x11, kV4 + "\x20\0\x04\x01\0\0\0"s),
             kStart + "\x21\x11\x04\0"s, // longer than is taken
         }) {
        EXPECT_EQ(parseProxyHeader(bytes).progress, Progress::refused) << testing::PrintToString(bytes);
    }
}

TEST(ProxyHeader, TakesTheLongestAndNoLongerOne) {
    const std::size_t room = kMaxProxyHeader - 16 - kV4.size() - 3;
    const auto header = binary(0x21, 0x11,
                               kV4 + '\x04' + static_cast<char>(room >> 8U) +
                                   static_cast<char>(room & 0xffU) + std::string(room, 'x'));
    EXPECT_EQ(clientOf(header), "192.0.2.7");
    EXPECT_EQ(parseProxyHeader(header.substr(0, 14) + "\x03\xf1"s).progress, Progress::refused);
}

} // namespace
} // namespace core::http
