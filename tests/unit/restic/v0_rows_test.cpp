#include <gtest/gtest.h>

#include "import/v0_rows.h"
#include "import/v0_time.h"

namespace test {
namespace {
using core::json::Object;
using core::json::Value;

std::string timeOf(const Value& value) {
    const auto time = restic::parseV0Time(value);
    return time ? core::formatInstant(*time) : "";
}

TEST(V0Rows, TimesAreReadAsV0AndItsLibrariesWroteThem) {
    for (const auto* text : {"2025-11-24T12:33:41Z", "2025-11-24 12:33:41", "2025-11-24 12:33:41+00:00",
                             "2025-11-24 13:33:41.000000000+01:00", "2025-11-24 12:33:41 +0000 UTC",
                             "2025-11-24 13:33:41.000000001 +0100 CET m=+0.001"})
        EXPECT_EQ(timeOf(text), "2025-11-24T12:33:41.000Z") << text;
    for (const std::int64_t number : {std::int64_t{1763987621}, std::int64_t{1763987621000},
                                      std::int64_t{1763987621000000}, std::int64_t{1763987621000000000}})
        EXPECT_EQ(timeOf(number), "2025-11-24T12:33:41.000Z") << number;
    for (const auto& none : {Value(), Value(""), Value("yesterday"), Value("2025-11-24"), Value(0), Value(-5),
                             Value(true), Value("2025-13-24 12:33:41")})
        EXPECT_EQ(timeOf(none), "");
}

TEST(V0Rows, ATargetsNameBecomesAHostName) {
    const auto host = [](const std::string& name, std::optional<std::int64_t> id = 42) {
        restic::V0Target target;
        target.name = name;
        target.id = id;
        return restic::hostNameOf(target);
    };
    EXPECT_EQ(host("web-server-01"), "web-server-01");
    EXPECT_EQ(host("Web.Example.COM"), "web.example.com");
    EXPECT_EQ(host(" web 01 /home "), "web-01-home");
    EXPECT_EQ(host("…"), "v0-target-42");
    EXPECT_EQ(host("a..b"), "v0-target-42");
    EXPECT_EQ(host(std::string(100, 'a')), "v0-target-42");
    const auto unnamed = host("…", std::nullopt);
    EXPECT_EQ(unnamed.substr(0, 10), "v0-target-");
    EXPECT_EQ(unnamed, host("…", std::nullopt)) << "the same at each import";
    EXPECT_NE(unnamed, host("……", std::nullopt));
}

TEST(V0Rows, AnAddressHasItsKindAndNoCredentials) {
    const auto read = [](const std::string& text) { return restic::readV0Address(text, "/srv/v0"); };
    for (const auto& [text, kind] :
         std::initializer_list<std::pair<const char*, const char*>>{{"s3:bucket/path", "s3"},
                                                                    {"sftp:ada@host:/srv/repo", "sftp"},
                                                                    {"rest:https://host/repo/", "rest"},
                                                                    {"azure:container:/", "azure"},
                                                                    {"gs:bucket:/path", "gcs"},
                                                                    {"b2:bucket:path", "b2"},
                                                                    {"/srv/repo", "local"},
                                                                    {"local:/srv/repo", "local"}}) {
        const auto address = read(text);
        ASSERT_TRUE(address) << text << ": " << address.error().what();
        EXPECT_EQ(address.value().kind->name, kind) << text;
        EXPECT_FALSE(address.value().wasRelative) << text;
    }
    for (const auto* relative : {"repos/web", "./repos/web", "local:repos/web"}) {
        const auto address = read(relative);
        ASSERT_TRUE(address) << relative;
        EXPECT_EQ(address.value().url, "/srv/v0/repos/web");
        EXPECT_TRUE(address.value().wasRelative);
    }
    const auto secret = read("rest:https://ada:can%40ary@host:8000/repo").value();
    EXPECT_EQ(secret.url, "rest:https://host:8000/repo");
    EXPECT_EQ(secret.config, (Object{{"username", "ada"}, {"password", "can@ary"}}));
    EXPECT_EQ(read("rest:https://ada@host/repo").value().url, "rest:https://ada@host/repo");
    for (const auto* wrong :
         {"ftp://host/repo", "https://host/repo", "s3:https://ada:canary@host/bucket",
          "rest:", "rest:https://ada:canary%zz@host/", "/", "sftp:host", "/srv/two\nlines"}) {
        const auto address = read(wrong);
        ASSERT_FALSE(address) << wrong;
        EXPECT_EQ(std::string(address.error().what()).find("canary"), std::string::npos) << wrong;
    }
}

TEST(V0Rows, WhatMakesNoSenseIsSaid) {
    const auto problem = [](Object row) {
        const auto read = restic::readV0Target(row);
        return read ? std::string() : std::string(read.error().what());
    };
    EXPECT_EQ(problem({{"name", "a"}, {"repository", "/srv/a"}}), "");
    EXPECT_EQ(problem({{"repository", "/srv/a"}}), "name is missing");
    EXPECT_EQ(problem({{"name", ""}, {"repository", "/srv/a"}}), "name is missing");
    EXPECT_EQ(problem({{"name", "a"}}), "repository is missing");
    EXPECT_EQ(problem({{"name", 5}, {"repository", "/srv/a"}}), "name is no text");
    EXPECT_NE(problem({{"name", "a\x1b[2J"}, {"repository", "/srv/a"}}), "");
    EXPECT_EQ(problem({{"name", std::string("a\xff")}, {"repository", "/srv/a"}}), "name is no UTF-8");
    EXPECT_EQ(problem({{"name", std::string(256, 'a')}, {"repository", "/srv/a"}}),
              "name has more than 255 bytes");
    EXPECT_EQ(problem({{"name", "a"}, {"repository", "/srv/a"}, {"keep_daily", -1}}),
              "keep_daily is -1: it must be from 0 to 100000");
    EXPECT_EQ(problem({{"name", "a"}, {"repository", "/srv/a"}, {"disabled", "perhaps"}}),
              "disabled is neither true nor false");

    const auto kept = restic::readV0Target({{"name", "a"},
                                            {"repository_url", "/srv/a"},
                                            {"cert_file", "/etc/ca.pem"},
                                            {"disabled", true},
                                            {"keep_daily", 7},
                                            {"keep_last", 0}})
                          .value();
    EXPECT_EQ(kept.repository, "/srv/a");
    EXPECT_EQ(kept.certFile, "/etc/ca.pem");
    EXPECT_TRUE(kept.disabled);
    EXPECT_EQ(kept.retention->keepDaily, 7);
    EXPECT_FALSE(kept.retention->keepLast);
    EXPECT_FALSE(
        restic::readV0Target({{"name", "a"}, {"repository", "/a/b"}, {"keep_last", 0}}).value().retention);

    const std::string whole(64, 'a');
    EXPECT_EQ(restic::readV0Snapshot({{"snapshot_id", whole}, {"time", 1763987621}}).value().snapshotId,
              whole);
    EXPECT_EQ(
        restic::readV0Snapshot({{"snapshot_id", "abcdef0123"}, {"time", 1763987621}}).value().snapshotId,
        "abcdef01");
    for (const auto& row :
         {Object{{"time", 1763987621}}, Object{{"snapshot_id", "latest"}, {"time", 1763987621}},
          Object{{"snapshot_id", whole}}, Object{{"snapshot_id", whole}, {"time", "soon"}},
          Object{{"snapshot_id", whole}, {"time", 1763987621}, {"paths", "[broken"}},
          Object{{"snapshot_id", whole}, {"time", 1763987621}, {"tags", R"({"a":1})"}},
          Object{{"snapshot_id", whole}, {"time", 1763987621}, {"paths", "[1]"}}})
        EXPECT_FALSE(restic::readV0Snapshot(row)) << core::json::write(Value(row));
    EXPECT_FALSE(restic::readV0Check({{"checked_at", 1763987621}}));
    EXPECT_FALSE(restic::readV0Check({{"healthy", 1}}));
    EXPECT_EQ(restic::readV0Check({{"healthy", 0},
                                   {"checked_at", 1763987621},
                                   {"error_message", "cannot open rest:https://ada:canary@host/: \x1b[2J"}})
                  .value()
                  .message,
              "cannot open rest:https://ada:***@host/: \\x1b[2J");
}

} // namespace
} // namespace test
