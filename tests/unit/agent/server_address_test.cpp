#include <gtest/gtest.h>

#include "config/server_address.h"

namespace agent {
namespace {

TEST(ServerAddress, IsPrivateByTlsOrWhereNothingLeavesTheMachine) {
    for (const char* url : {"https://backup.example.com", "http://localhost:8080", "http://127.0.0.1",
                            "http://127.8.8.8:80/x", "http://[::1]:8080"})
        EXPECT_TRUE(isPrivate({url, {}})) << url;
    for (const char* url : {"http://backup.example.com", "http://10.0.0.1:8080", "http://127.example.com",
                            "http://[::2]:8080", "http://localhost.example.com"})
        EXPECT_FALSE(isPrivate({url, {}})) << url;
}

} // namespace
} // namespace agent
