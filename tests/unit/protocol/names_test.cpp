#include "restic/protocol/names.h"

#include <gtest/gtest.h>

namespace restic::protocol {
namespace {

TEST(HostNames, AreKeptInOneForm) {
    for (const auto& [given, kept] : std::vector<std::pair<std::string, std::string>>{
             {"web-01", "web-01"},
             {"H2", "h2"},
             {"db.example.org.", "db.example.org"},
             {"  trailing \n", "trailing"},
             {"WIN_SRV", "win_srv"},
             {"7", "7"},
             {std::string(63, 'A') + ".b", std::string(63, 'a') + ".b"}})
        EXPECT_EQ(normalHostName(given), kept) << given;
}

TEST(HostNames, WhatIsNoneIsRefused) {
    for (const std::string& given :
         {std::string(),
          std::string(" "),
          std::string("."),
          std::string("a\nb"),
          std::string("a\x1b[31mb"),
          std::string("<b>x</b>"),
          std::string("../../etc"),
          std::string("-rf"),
          std::string("a-"),
          std::string("a..b"),
          std::string(".a"),
          std::string("a b"),
          std::string("a/b"),
          std::string("a:b"),
          std::string("m\xc3\xbcller"),
          std::string("a\0b", 3),
          std::string(64, 'a'),
          std::string(127, 'a').replace(63, 1, ".") + "." + std::string(127, 'b').replace(63, 1, "."),
          std::string("a,b"),
          std::string("$(id)"),
          std::string("a%b")})
        EXPECT_EQ(normalHostName(given), std::nullopt) << given;
}

TEST(EnvironmentNames, ComeFromAList) {
    EXPECT_EQ(environmentName("AWS_REGION"), EnvironmentName::plain);
    EXPECT_EQ(environmentName("RESTIC_REST_USERNAME"), EnvironmentName::plain);
    for (const char* secret :
         {"AWS_SECRET_ACCESS_KEY", "RESTIC_REST_PASSWORD", "AZURE_ACCOUNT_SAS", "OS_PASSWORD"})
        EXPECT_EQ(environmentName(secret), EnvironmentName::secret) << secret;
    for (const char* name :
         {"LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "RESTIC_PASSWORD_COMMAND", "RESTIC_PASSWORD",
          "RESTIC_REPOSITORY", "HOME", "", "aws_region", "AWS_REGION ", "SSL_CERT_FILE"})
        EXPECT_EQ(environmentName(name), EnvironmentName::refused) << name;
}

TEST(Credentials, AreSeenInAddresses) {
    for (const char* text :
         {"https://u:p@h", "rest:https://u:p@h/x", "see postgres://a:b@c/d", "s3:http://k:s@m:9000"})
        EXPECT_TRUE(hasCredentials(text)) << text;
    for (const char* text :
         {"", "https://h", "https://u@h", "https://h/a:b@c", "/srv/a:b@c", "https://h:8000/x", "a:b@c"})
        EXPECT_FALSE(hasCredentials(text)) << text;
}

} // namespace
} // namespace restic::protocol
