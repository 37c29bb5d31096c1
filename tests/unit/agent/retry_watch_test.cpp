#include "restic/cli/retry_watch.h"

#include <gtest/gtest.h>

#include "restic/cli/verdict.h"

namespace test {
namespace {
using restic::cli::RetryPatience;
using restic::cli::RetryWatch;

constexpr auto kUntrusted =
    "Stat(<config/>) returned error, retrying after 816.396679ms: Head \"https://h/config\": tls: "
    "failed to verify certificate: x509: certificate signed by unknown authority\n";
constexpr auto kRefused =
    "Stat(<config/>) returned error, retrying after 1.7s: Head \"http://h/config\": dial tcp "
    "127.0.0.1:1: connect: connection refused\n";

TEST(RetryWatch, WhereNoTryCanHelpTheSecondIsTheLast) {
    restic::cli::RetryWatch watch(restic::cli::RetryPatience::whileItMayHelp);
    EXPECT_FALSE(watch.append(kUntrusted)) << "a connection may have been cut just then";
    EXPECT_TRUE(watch.append(kUntrusted));
    EXPECT_TRUE(watch.ended());
    EXPECT_FALSE(watch.append("Fatal: unable to open config file: context canceled\n")) << "once";
    EXPECT_EQ(watch.text().find("canceled"), std::string::npos) << "that is what ending it made of it";
}

TEST(RetryWatch, WhatMayPassIsTriedForLongUnlessSomebodyWaits) {
    restic::cli::RetryWatch patient(restic::cli::RetryPatience::whileItMayHelp);
    for (int i = 0; i < 20; ++i)
        EXPECT_FALSE(patient.append(kRefused));
    restic::cli::RetryWatch waited(restic::cli::RetryPatience::onlyOne);
    EXPECT_FALSE(waited.append(kRefused));
    EXPECT_TRUE(waited.append(kRefused));
}

TEST(RetryWatch, ACauseIsReadWhenItsLineIsThere) {
    const std::string twice = std::string(kUntrusted) + kUntrusted;
    restic::cli::RetryWatch watch(restic::cli::RetryPatience::whileItMayHelp);
    for (std::size_t i = 0; i + 1 < twice.size(); ++i)
        EXPECT_FALSE(watch.append(twice.substr(i, 1)));
    EXPECT_TRUE(watch.append("\n"));
}

TEST(RetryWatch, TheHeadlineOfATryIsItsCause) {
    EXPECT_EQ(restic::cli::headline(kRefused),
              "Head \"http://h/config\": dial tcp 127.0.0.1:1: connect: connection refused");
    EXPECT_EQ(restic::cli::headline(
                  "subprocess ssh: Host key verification failed.\r\nFatal: unable to open repository at "
                  "sftp:x: unable to start the sftp session, error: EOF\n"),
              "subprocess ssh: Host key verification failed.");
}

} // namespace
} // namespace test
