// The PROXY protocol's header: the same answer for every prefix that is long enough, and never more than the
// limit.
#include "fuzz/oracle.h"
#include "http/proxy_header.h"

using namespace core::http;
using fuzz::require;
using Progress = ProxyParse::Progress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    ProxyParse decided{Progress::incomplete};
    for (std::size_t length = 0; length <= size && length <= kMaxProxyHeader + 64; ++length) {
        const auto now = parseProxyHeader(input.substr(0, length));
        if (decided.progress == Progress::incomplete) {
            decided = now;
            require(now.progress != Progress::incomplete || length < kMaxProxyHeader, "an end to waiting");
            // It is read in pieces: complete must mean that it has just become so.
            require(now.progress != Progress::complete || now.header.size == length,
                    "no byte of the client's");
        } else {
            require(now.progress == decided.progress && now.header.size == decided.header.size &&
                        now.header.secure == decided.header.secure &&
                        now.header.client.has_value() == decided.header.client.has_value() &&
                        (!now.header.client || now.header.client->text() == decided.header.client->text()),
                    "more bytes change nothing");
        }
    }
    require(decided.header.size <= kMaxProxyHeader, "the limit");
    if (decided.header.client)
        require(IpAddress::parse(decided.header.client->text()).has_value(), "an address that is one");
    return 0;
}
