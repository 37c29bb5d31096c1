#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "restic/protocol/names.h"
#include "restic/protocol/repository_config.h"

namespace restic::protocol {
namespace {

using core::json::Object;

const RepositoryKind& kind(std::string_view name) {
    return *findRepositoryKind(name);
}

/// "/pointer message" of each problem, in their order; empty if there is none.
std::vector<std::string> problems(const RepositoryKind& kind, const Object& config,
                                  Address address = Address::inConfig) {
    const auto read = readConfig(kind, config, address);
    std::vector<std::string> all;
    if (!read)
        for (const auto& problem : read.error().details())
            all.push_back(problem.pointer + " " + problem.message);
    return all;
}

std::string address(std::string_view name, const Object& config) {
    const auto read = readConfig(kind(name), config);
    return read ? kind(name).address(read.value().values)
                : "refused: " + problems(kind(name), config).front();
}

TEST(RepositoryKinds, HaveTheFieldsOfRestic) {
    const std::map<std::string, std::set<std::string>> expected{
        {"local", {"path"}},
        {"sftp", {"host", "user", "path", "key_file"}},
        {"s3", {"endpoint", "bucket", "region", "access_key_id", "secret_access_key_file"}},
        {"rest", {"url", "username", "password_file"}},
        {"azure", {"account_name", "container", "account_key_file"}},
        {"gcs", {"bucket", "project_id", "credentials_file"}}};
    for (const auto& [name, fields] : expected) {
        std::set<std::string> declared;
        for (const auto& field : kind(name).config().fields())
            declared.insert(field.name);
        for (const auto& field : fields)
            EXPECT_TRUE(declared.contains(field)) << name << "." << field;
    }
}

TEST(RepositoryKinds, MakeTheAddressThatResticTakes) {
    EXPECT_EQ(address("local", {{"path", "/mnt/backup"}}), "/mnt/backup");
    EXPECT_EQ(address("sftp", {{"host", "b.example.com"}, {"user", "restic"}, {"path", "/backups/a"}}),
              "sftp://restic@b.example.com//backups/a");
    EXPECT_EQ(address("sftp", {{"host", "fe80::1"}, {"user", "r"}, {"path", "/a/"}, {"port", 2222}}),
              "sftp://r@[fe80::1]:2222//a");
    EXPECT_EQ(address("s3", {{"bucket", "bkt"}}), "s3:s3.amazonaws.com/bkt");
    EXPECT_EQ(address("s3", {{"endpoint", "https://minio:9000/"}, {"bucket", "bkt"}, {"path", "/x/y/"}}),
              "s3:https://minio:9000/bkt/x/y");
    EXPECT_EQ(address("rest", {{"url", "https://r.example.com"}}), "rest:https://r.example.com/");
    EXPECT_EQ(address("azure", {{"account_name", "a"}, {"container", "cnt"}}), "azure:cnt:/");
    EXPECT_EQ(address("azure", {{"account_name", "a"}, {"container", "cnt"}, {"path", "d"}}), "azure:cnt:/d");
    EXPECT_EQ(address("gcs", {{"bucket", "bkt"}, {"path", "/x"}}), "gs:bkt:/x");
    EXPECT_EQ(address("b2", {{"bucket", "bkt"}, {"account_id", "i"}, {"path", "x"}}), "b2:bkt:x");
    EXPECT_EQ(address("swift", {{"container", "cnt"}}), "swift:cnt:/");
    EXPECT_EQ(address("rclone", {{"remote", "r"}, {"path", "x"}}), "rclone:r:x");
}

TEST(RepositoryKinds, EveryAddressIsOfItsOwnKind) {
    for (const auto* one : repositoryKinds()) {
        RepositoryValues values{{"path", "/p"}, {"url", "https://h/"}};
        for (const auto& field : one->fields)
            values.try_emplace(field.name, "x");
        EXPECT_EQ(kindOfAddress(one->address(values)), one) << one->name;
    }
    EXPECT_EQ(kindOfAddress("local:/srv"), &kind("local"));
    EXPECT_EQ(kindOfAddress("relative"), nullptr);
    EXPECT_EQ(kindOfAddress("sftpx:host"), nullptr);
}

/// Addresses of one place each, as people and programs write them.
const std::map<std::string, std::vector<std::vector<std::string>>> kPlaces{
    {"local", {{"/srv/r", "/srv/r/", "/srv//r", "/srv/./r", "/srv/x/../r", "local:/srv/r"}, {"/srv/R"}}},
    {"rest",
     {{"rest:https://backup.example.com/r/", "rest:https://BACKUP.example.com/r",
       "rest:HTTPS://backup.example.com/r", "rest:https://backup.example.com:443/r/",
       "rest:https://backup.example.com./r/", "rest:https://backup.example.com/x/../r//",
       "rest:https://ada@backup.example.com/r/", "rest:https://backup.example.com/%72/"},
      {"rest:https://backup.example.com:8000/r/", "rest:https://backup.example.com:08000/r"},
      {"rest:http://backup.example.com/r/", "rest:http://backup.example.com:80/r/"},
      {"rest:https://backup.example.com/R/"},
      {"rest:https://backup.example.com/", "rest:https://backup.example.com"},
      {"rest:https://[2001:db8::1]:8000/", "rest:https://[2001:DB8::1]:8000"}}},
    {"s3",
     {{"s3:https://store.example.com/b/p", "s3:store.example.com/b/p", "s3://store.example.com/b/p",
       "s3:https://store.example.com:443/b/p/", "s3:STORE.example.com/b/x/../p",
       "s3:https://store.example.com/b//p"},
      {"s3:http://store.example.com/b/p", "s3:http://store.example.com:80/b/p"},
      {"s3:http://store.example.com:9000/b/p"},
      {"s3:store.example.com/b"},
      {"s3:s3.amazonaws.com/b", "s3:s3.eu-central-1.amazonaws.com/b",
       "s3:https://s3.dualstack.us-east-1.amazonaws.com/b"},
      {"s3:s3.cn-north-1.amazonaws.com.cn/b"}}},
    {"sftp",
     {{"sftp://ada@h.example.com//srv/r", "sftp://ada@H.example.com//srv/r/",
       "sftp://ada@h.example.com:22//srv/r", "sftp:ada@h.example.com:/srv/r",
       "sftp:ada@h.example.com:/q/../srv/r", "sftp://ada@h.example.com///srv//r"},
      {"sftp://ada@h.example.com/srv/r", "sftp:ada@h.example.com:srv/r", "sftp:ada@h.example.com:./srv/r/"},
      {"sftp://ada@h.example.com:2222//srv/r"},
      {"sftp://bea@h.example.com//srv/r"},
      {"sftp:h.example.com:/srv/r", "sftp://h.example.com//srv/r"}}},
    {"azure",
     {{"azure:c:/p", "azure:c:p", "azure:c:/x/../p/"}, {"azure:c:/", "azure:c", "azure:c:"}, {"azure:d:/"}}},
    {"gcs", {{"gs:b:/p", "gs:b:p", "gs:b://p/"}, {"gs:b:/"}}},
    {"b2", {{"b2:b:p", "b2:b:/p"}, {"b2:b", "b2:b:"}}},
    {"swift", {{"swift:c:/p", "swift:c:p/"}, {"swift:c:/"}}},
    {"rclone", {{"rclone:r:p/q", "rclone:r:p//q/", "rclone:r:p/./q"}, {"rclone:r:/p/q"}, {"rclone:R:p/q"}}}};

TEST(RepositoryKinds, APlaceHasOneSpelling) {
    for (const auto* one : repositoryKinds()) {
        ASSERT_TRUE(kPlaces.contains(one->name)) << "say here how addresses of " << one->name << " differ";
        std::map<std::string, std::size_t> groupOf;
        const auto& groups = kPlaces.at(one->name);
        for (std::size_t group = 0; group < groups.size(); ++group)
            for (const auto& spelling : groups[group]) {
                EXPECT_EQ(problemsOfAddress(*one, spelling), std::vector<std::string>()) << spelling;
                const auto place = one->place(spelling);
                EXPECT_EQ(place, one->place(groups[group].front())) << spelling;
                EXPECT_EQ(groupOf.emplace(place, group).first->second, group)
                    << spelling << " is another place";
                EXPECT_EQ(one->place(place), place) << "the spelling of a spelling";
            }
    }
}

TEST(RepositoryKinds, WhatTheirFieldsMakeHasAPlace) {
    EXPECT_EQ(kind("sftp").place(
                  address("sftp", {{"host", "H"}, {"user", "ada"}, {"path", "/srv/r"}, {"port", 22}})),
              "sftp://ada@h//srv/r");
    EXPECT_EQ(kind("s3").place(address("s3", {{"bucket", "bkt"}, {"endpoint", "https://S:443/"}})),
              "s3:https://s/bkt");
    EXPECT_EQ(kind("s3").place(address("s3", {{"bucket", "bkt"}})), "s3:https://s3.amazonaws.com/bkt");
}

TEST(RepositoryKinds, ASecretIsAValueForTheVaultOrAFileAndNeverShown) {
    const Object given{{"bucket", "bkt"}, {"access_key_id", "AKIA"}, {"secret_access_key", "canary"}};
    const auto config = readConfig(kind("s3"), given).value();
    EXPECT_EQ(config.secrets, (RepositoryValues{{"secret_access_key", "canary"}}));
    EXPECT_EQ(core::json::write(plainConfig(kind("s3"), config)),
              R"({"bucket":"bkt","access_key_id":"AKIA"})");
    EXPECT_EQ(environmentOf(kind("s3"), config).variables,
              (std::map<std::string, std::string>{{"AWS_ACCESS_KEY_ID", "AKIA"},
                                                  {"AWS_SECRET_ACCESS_KEY", "canary"}}));
    const auto byFile =
        readConfig(kind("s3"), {{"bucket", "bkt"}, {"secret_access_key_file", "/etc/s3"}}).value();
    EXPECT_EQ(core::json::write(plainConfig(kind("s3"), byFile)),
              R"({"bucket":"bkt","secret_access_key_file":"/etc/s3"})");
    EXPECT_EQ(environmentOf(kind("s3"), byFile).fromFiles,
              (std::map<std::string, std::string>{{"AWS_SECRET_ACCESS_KEY", "/etc/s3"}}));
    EXPECT_THAT(
        problems(kind("s3"), {{"bucket", "bkt"}, {"session_token", "x"}, {"session_token_file", "/y"}}),
        testing::ElementsAre("/session_token_file and session_token exclude each other"));
    std::vector<const core::wire::Type*> used;
    const auto schema = core::json::write(kind("s3").config().schema(used));
    EXPECT_NE(schema.find("\"secret_access_key\":{"), std::string::npos) << schema;
    EXPECT_NE(schema.find("\"writeOnly\":true"), std::string::npos) << schema;
}

TEST(RepositoryKinds, WhatResticWantsAsAFileIsOne) {
    constexpr auto kKey = R"({"type":"service_account"})";
    const auto config = readConfig(kind("gcs"), {{"bucket", "bkt"}, {"credentials", kKey}}).value();
    const auto environment = environmentOf(kind("gcs"), config);
    EXPECT_EQ(environment.asFiles.at("credentials").variable, "GOOGLE_APPLICATION_CREDENTIALS");
    EXPECT_EQ(environment.asFiles.at("credentials").content, kKey);
    EXPECT_TRUE(environment.variables.empty());
    const auto byFile = readConfig(kind("gcs"), {{"bucket", "bkt"}, {"credentials_file", "/k"}}).value();
    EXPECT_EQ(environmentOf(kind("gcs"), byFile).variables,
              (std::map<std::string, std::string>{{"GOOGLE_APPLICATION_CREDENTIALS", "/k"}}));
}

TEST(RepositoryKinds, KeysThatNobodyCanReadAreRefused) {
    for (const char* credentials : {"no JSON", "{}", "[]", R"({"type":1})"})
        EXPECT_FALSE(readConfig(kind("gcs"), {{"bucket", "bkt"}, {"credentials", credentials}}).ok())
            << credentials;
    const auto azure = [](const char* key) {
        return readConfig(kind("azure"), {{"account_name", "a"}, {"container", "cnt"}, {"account_key", key}})
            .ok();
    };
    EXPECT_TRUE(azure("a2V5cw=="));
    for (const char* key : {"&&&", "a2V5cw=", "a=V5", "===="})
        EXPECT_FALSE(azure(key)) << key;
}

TEST(RepositoryKinds, APrivateKeyOpensWithoutAPassphrase) {
    const auto problem = [](const std::string& key) {
        const auto all = problems(kind("sftp"), {{"key", key}}, Address::known);
        return all.empty() ? "" : all.front();
    };
    const auto openSsh = [](const std::string& body) {
        return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + body + "\n-----END OPENSSH PRIVATE KEY-----\n";
    };
    // Their first fields: "none" and "none"; "aes256-ctr" and "bcrypt".
    EXPECT_EQ(problem(openSsh("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2g")), "");
    EXPECT_THAT(problem(openSsh("b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDcNJB4")),
                testing::HasSubstr("no passphrase"));
    EXPECT_EQ(problem("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"), "");
    EXPECT_THAT(
        problem("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END RSA PRIVATE KEY-----"),
        testing::HasSubstr("no passphrase"));
    EXPECT_THAT(problem("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoo ada"),
                testing::HasSubstr("the public one"));
    EXPECT_THAT(problem("garbage"), testing::HasSubstr("must be a private key"));
    EXPECT_THAT(problem("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA"),
                testing::HasSubstr("the whole key"));
}

TEST(RepositoryKinds, WhatNoStorageCanHaveIsRefusedAtOnce) {
    const auto refused = [](const char* name, const char* field, const std::string& text) {
        EXPECT_THAT(problems(kind(name), Object{{field, text}}, Address::known),
                    testing::Contains(testing::StartsWith(std::string("/") + field + " must ")))
            << name << "." << field << " = " << text;
    };
    for (const char* url : {"https://host:99999/", "https://host:0/", "https://host:port/", "https://host:/",
                            "http://[::1", "http://[host]/", "https:///path", "https://-x/", "https://a b/",
                            "https://host\\path/", "https://ho_st!/"})
        refused("rest", "url", url);
    for (const char* endpoint : {"host:99999", "https://host:99999", "[::1", ":9000", "-x", "a/b"})
        refused("s3", "endpoint", endpoint);
    for (const char* url : {"https://host:65535/", "http://[::1]:8000/r/", "https://10.0.0.1/r", "http://h"})
        EXPECT_THAT(problems(kind("rest"), {{"url", url}}), testing::IsEmpty()) << url;
    for (const char* endpoint : {"host:9000", "[::1]:9000", "10.0.0.1", "https://host:9000/"})
        EXPECT_THAT(problems(kind("s3"), {{"bucket", "bkt"}, {"endpoint", endpoint}}), testing::IsEmpty())
            << endpoint;
    refused("s3", "bucket", "b");
    refused("azure", "container", "no");
    refused("gcs", "bucket", std::string(256, 'b'));
    for (const char* path : {"/", "//", "/../"})
        refused("local", "path", path);
    refused("local", "path", "/srv/\u202egnp.exe");
    for (const char* url : {"rest:https://host:99999/",
                            "rest:http://[::1/",
                            "sftp://ada@host:0//srv",
                            "s3:https://host:99999/bkt",
                            "s3:host:99999/bkt",
                            "s3:",
                            "s3:https://host",
                            "s3:host/",
                            "s3:ftp://h/bkt",
                            "s3:https://u@h/bkt",
                            "azure:",
                            "gs:",
                            "b2:",
                            "swift:",
                            "rclone:",
                            "sftp:",
                            "sftp:host",
                            "sftp:host:",
                            "sftp://host",
                            "sftp://ada@/srv",
                            "rest:",
                            "rest:host",
                            "rest:ftp://host/"})
        EXPECT_FALSE(problemsOfAddress(*kindOfAddress(url), url).empty()) << url;
    EXPECT_FALSE(problemsOfAddress(kind("local"), "local:/").empty());
}

TEST(RepositoryKinds, AKeyOfAnotherSystemIsTakenAsItIsMeant) {
    const std::string key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
    for (const auto& given :
         {" \r\n-----BEGIN PRIVATE KEY-----\r\nMIIE\r\n-----END PRIVATE KEY-----\r\n", key.c_str()})
        EXPECT_EQ(readConfig(kind("sftp"), {{"key", given}}, Address::known).value().secrets.at("key"), key);
}

TEST(RepositoryKinds, HalfOfAKeyPairOpensNothing) {
    const auto missing = [](const char* name, const Object& config,
                            const std::vector<std::string>& kept = {}) {
        std::vector<std::string> all;
        for (const auto& problem :
             missingPartners(kind(name), readConfig(kind(name), config, Address::known).value(), kept))
            all.push_back(problem.pointer + " " + problem.message);
        return all;
    };
    EXPECT_THAT(missing("s3", {{"access_key_id", "AKIA"}}),
                testing::ElementsAre("/secret_access_key is required with access_key_id"));
    EXPECT_THAT(missing("s3", {{"secret_access_key_file", "/etc/s3"}}),
                testing::ElementsAre("/access_key_id is required with secret_access_key"));
    EXPECT_THAT(missing("s3", {{"access_key_id", "AKIA"}}, {"secret_access_key"}), testing::IsEmpty());
    EXPECT_THAT(missing("s3", {{"access_key_id", "AKIA"}, {"secret_access_key_file", "/etc/s3"}}),
                testing::IsEmpty());
    EXPECT_THAT(missing("s3", {}), testing::IsEmpty()) << "the machine's own identity";
    EXPECT_THAT(missing("rest", {{"password", "word"}}),
                testing::ElementsAre("/username is required with password"));
}

TEST(RepositoryKinds, AServersKeyIsTakenAsSshKeyscanPrintsIt) {
    const auto taken = [](const std::string& text) {
        return problems(kind("sftp"), {{"known_hosts", text}}, Address::known).empty();
    };
    const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoo";
    EXPECT_TRUE(taken("backup.example.com " + key + "\n"));
    EXPECT_TRUE(taken("# backup.example.com:22 SSH-2.0-OpenSSH_9.2\n[h]:2222,10.0.0.1 " + key + " comment"));
    EXPECT_TRUE(taken("@cert-authority *.example.com " + key));
    EXPECT_TRUE(taken("\n|1|c2FsdA==|aGFzaA== " + key + "\r\n"));
    for (const std::string text : {"", "\n", "# only a comment", "backup.example.com", "h ssh-ed25519",
                                   "h ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n"})
        EXPECT_FALSE(taken(text)) << text;
}

TEST(RepositoryKinds, TheOptionsOfSftpPinTheServersKey) {
    EXPECT_THAT(kind("sftp").options({{"host", "h"}, {"user", "u"}, {"path", "/p"}}),
                testing::ElementsAre("sftp.command=ssh -oBatchMode=yes -l u h -s sftp"))
        << "the agent's own SSH decides whom it trusts";
    EXPECT_THAT(kind("sftp").options({{"host", "h"}, {"user", "u"}, {"port", "22"}, {"key", "/k"}}),
                testing::ElementsAre("sftp.command=ssh -oBatchMode=yes -oStrictHostKeyChecking=yes "
                                     "-oIdentitiesOnly=yes -i '/k' -p 22 -l u h -s sftp"));
    // restic splits at a quote within a word, and ssh the list of files at spaces.
    EXPECT_THAT(kind("sftp").options({{"host", "h"}, {"user", "u"}, {"known_hosts", "/my hosts"}}),
                testing::ElementsAre("sftp.command=ssh -oBatchMode=yes -oStrictHostKeyChecking=yes "
                                     "'-oUserKnownHostsFile=\"/my hosts\"' -l u h -s sftp"));
}

TEST(RepositoryKinds, NoFieldTakesAnOptionALineBreakOrAPassword) {
    for (const auto* one : repositoryKinds())
        for (const auto& field : one->config().fields()) {
            if (field.rules.secret || field.rules.min)
                continue;
            for (const std::string text :
                 {"", "a\nb", "a\x1b[31m", "https://user:word@host/", "a\x7f", " a", "a "}) {
                Object config{{field.name, text}};
                EXPECT_THAT(problems(*one, config, Address::known),
                            testing::Contains(testing::StartsWith("/" + field.name + " ")))
                    << one->name << "." << field.name << " takes " << testing::PrintToString(text);
            }
        }
    // What stands alone in a command line or an address.
    for (const auto& [name, field] : std::vector<std::pair<std::string, std::string>>{
             {"sftp", "host"}, {"sftp", "user"}, {"s3", "bucket"}, {"s3", "endpoint"}, {"rclone", "remote"}})
        EXPECT_FALSE(problems(kind(name), Object{{field, "-oProxyCommand=x"}}, Address::known).empty())
            << name << "." << field;
    EXPECT_FALSE(
        problems(kind("sftp"), Object{{"key_file", "/a' -oProxyCommand='x"}}, Address::known).empty());
    EXPECT_THAT(problems(kind("local"), {{"path", "/a"}, {"bucket", "bkt"}}), testing::SizeIs(1));
    EXPECT_THAT(problems(kind("s3"), {{"access_key_id", "a"}}), testing::ElementsAre("/bucket is required"));
}

TEST(RepositoryKinds, TheAddressIsSaidOnce) {
    EXPECT_TRUE(problems(kind("s3"), {{"access_key_id", "a"}}, Address::beside).empty());
    EXPECT_THAT(problems(kind("s3"), {{"bucket", "bkt"}}, Address::beside),
                testing::ElementsAre("/bucket and url say the same; give one of them"));
    EXPECT_TRUE(problems(kind("s3"), {{"bucket", "bkt"}}, Address::known).empty());
    EXPECT_TRUE(problems(kind("s3"), {}, Address::known).empty());
}

TEST(RepositoryKinds, AnAddressHoldsNoOptionParameterOrPassword) {
    for (const auto& [name, address] :
         std::vector<std::pair<std::string, std::string>>{{"local", "/srv/my backups (old)"},
                                                          {"sftp", "sftp:restic@host:/backups"},
                                                          {"sftp", "sftp://restic@[fe80::1]:2222//backups"},
                                                          {"s3", "s3:https://minio:9000/bucket/a-b"},
                                                          {"rest", "rest:https://backup.example.com/x/"},
                                                          {"azure", "azure:container:/"},
                                                          {"gcs", "gs:bucket:/x"},
                                                          {"rclone", "rclone:remote:x"}})
        EXPECT_THAT(problemsOfAddress(kind(name), address), testing::IsEmpty()) << address;
    for (const auto& [name, address] :
         std::vector<std::pair<std::string, std::string>>{{"local", "relative"},
                                                          {"local", "/srv\n"},
                                                          {"rclone", "rclone::sftp,ssh=\"touch /tmp/x\":x"},
                                                          {"rclone", "rclone:--rc-addr=x:y"},
                                                          {"rclone", "rclone:remote,pass=word:x"},
                                                          {"sftp", "sftp:-oProxyCommand=x:/x"},
                                                          {"sftp", "sftp:-Fx:/x"},
                                                          {"sftp", "sftp:user@-oProxyCommand:/x"},
                                                          {"sftp", "sftp:user:word@host:/x"},
                                                          {"s3", "s3:ID:KEY@host/bucket"},
                                                          {"s3", "s3:https://ID:KEY@host/bucket"},
                                                          {"rest", "rest:http://host/x?sig=word"},
                                                          {"rest", "rest:http://host/x#word"},
                                                          {"rest", "rest:https://ada:word@host/"},
                                                          {"swift", "swift:c:/x\u202e"},
                                                          {"s3", "rest:https://host/"}})
        EXPECT_FALSE(problemsOfAddress(kind(name), address).empty()) << address;
    EXPECT_THAT(problems(kind("rest"), {{"url", "https://h/x?token=word"}}), testing::SizeIs(1));
    EXPECT_THAT(problems(kind("s3"), {{"bucket", "bkt"}, {"endpoint", "http://h?x=word"}}),
                testing::SizeIs(1));
    EXPECT_THAT(problems(kind("sftp"), {{"key_file", "/k"}}, Address::beside),
                testing::ElementsAre("/key_file needs the address in config instead of url"));
}

TEST(RepositoryKinds, OnlyTheirVariablesReachRestic) {
    for (const auto* one : repositoryKinds())
        for (const auto& field : one->fields) {
            if (field.variable.empty())
                continue;
            EXPECT_NE(environmentName(field.variable), EnvironmentName::refused) << field.variable;
        }
    EXPECT_EQ(environmentName("AWS_SECRET_ACCESS_KEY"), EnvironmentName::secret);
    EXPECT_EQ(environmentName("AWS_REGION"), EnvironmentName::plain);
    EXPECT_EQ(environmentName("GOOGLE_APPLICATION_CREDENTIALS"), EnvironmentName::plain);
    for (const auto* name : {"LD_PRELOAD", "PATH", "RESTIC_PASSWORD_COMMAND", "RESTIC_REPOSITORY", ""})
        EXPECT_EQ(environmentName(name), EnvironmentName::refused) << name;
}

/// A kind of repository is this much.
const RepositoryKind& tape() {
    static const RepositoryKind kind{
        .name = "tape",
        .doc = "A tape",
        .prefix = "tape:",
        .fields = {{.name = "drive", .doc = "Which drive", .variable = "TAPE_DRIVE", .required = true},
                   {.name = "pin", .doc = "Of the safe", .variable = "TAPE_PIN", .secret = true},
                   {.name = "slot", .doc = "Which slot", .required = true, .range = {{1, 8}}}},
        .address =
            [](const RepositoryValues& values) { return "tape:" + repositories::valueOf(values, "slot"); },
        .place = repositories::placeInContainer,
        .config = configTypeOf<tape>,
    };
    return kind;
}

TEST(RepositoryKinds, ANewOneIsItsDeclaration) {
    const auto config = readConfig(tape(), {{"drive", "st0"}, {"pin", "1234"}, {"slot", 3}}).value();
    EXPECT_EQ(tape().address(config.values), "tape:3");
    EXPECT_EQ(environmentOf(tape(), config).variables,
              (std::map<std::string, std::string>{{"TAPE_DRIVE", "st0"}, {"TAPE_PIN", "1234"}}));
    EXPECT_EQ(core::json::write(plainConfig(tape(), config)), R"({"drive":"st0","slot":3})");
    EXPECT_EQ(tape().config().name(), "TapeRepositoryConfig");
    EXPECT_THAT(problems(tape(), {{"drive", "st0"}, {"slot", 9}}), testing::SizeIs(1));
}

TEST(RepositoryKinds, TheirDocumentIsTheirDeclaration) {
    std::ostringstream expected;
    for (const auto* one : repositoryKinds()) {
        expected << "### " << one->name << "\n\n"
                 << one->doc << ": `" << one->prefix << "…`"
                 << (one->byAgentsLeave ? "; where the agent's `restic.allow_backends` has it" : "")
                 << ".\n\n"
                 << "| field | | |\n|---|---|---|\n";
        for (const auto& field : one->fields)
            expected << "| `" << field.name << (field.secret ? "`, `" + field.name + "_file" : "") << "` | "
                     << (field.required ? "required"
                         : field.secret ? "secret"
                                        : "")
                     << " | " << field.doc
                     << (field.variable.empty() ? "" : " (restic's `" + field.variable + "`)")
                     << (field.example.empty() ? "" : "; `" + field.example + "`") << " |\n";
        expected << "\n";
    }
    const auto document =
        core::testkit::readFile(std::filesystem::path(AE_SOURCE_DIR) / "docs" / "repositories.md");
    EXPECT_NE(document.find(expected.str()), std::string::npos)
        << "docs/repositories.md must contain this:\n\n"
        << expected.str();
}

} // namespace
} // namespace restic::protocol
