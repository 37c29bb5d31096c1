#include "field_rules.h"

#include <gtest/gtest.h>

#include "restic/protocol/names.h"

namespace restic {
namespace {

using core::json::Array;
using core::json::Object;

std::vector<std::string> pointers(const std::vector<core::Problem>& problems) {
    std::vector<std::string> list;
    for (const auto& problem : problems)
        list.push_back(problem.pointer);
    return list;
}

TEST(RepositoryEnvironment, TakesNamesOfTheListAndNoSecret) {
    EXPECT_TRUE(problemsOfEnvironment({{"AWS_REGION", "eu-1"}, {"RESTIC_REST_USERNAME", "ann"}}).empty());
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"LD_PRELOAD", "/x.so"},
                                            {"PATH", "/tmp"},
                                            {"RESTIC_PASSWORD_COMMAND", "id"},
                                            {"AWS_SECRET_ACCESS_KEY", "k"},
                                            {"RESTIC_REST_PASSWORD", "p"},
                                            {"OS_AUTH_URL", "https://u:p@h/"},
                                            {"AWS_DEFAULT_REGION", "a\nLD_PRELOAD=x"}}) {
        const auto problems = problemsOfEnvironment({{name, value}});
        EXPECT_EQ(pointers(problems), std::vector<std::string>{"/environment_vars/" + name});
        for (const auto& problem : problems)
            EXPECT_EQ(problem.message.find(value), std::string::npos) << problem.message;
    }
}

TEST(PluginSettings, HoldPathsAndReferencesOnly) {
    const auto problems = [](const Object& settings) {
        return pointers(problemsOfPluginSettings(settings, "", {"plugins.mysql.password"}));
    };
    const std::vector<std::string> none;
    EXPECT_EQ(problems({{"host", "db"},
                        {"port", 3306},
                        {"user", "backup"},
                        {"databases", Array{"a", "b"}},
                        {"password_file", "/etc/mysql/backup.pass"},
                        {"password", Object{{"vault", "plugins.mysql.password"}}}}),
              none);
    for (const char* name : {"password", "Password", "db_password", "PGPASSWORD", "passwd", "pwd", "secret",
                             "client_secret", "token", "access_token", "apiKey", "api-key", "private_key",
                             "accountKey", "credentials", "passphrase"})
        EXPECT_EQ(problems({{name, "x"}}), std::vector<std::string>{std::string("/") + name}) << name;
    EXPECT_EQ(problems({{"tls", Object{{"key", "x"}}}}), std::vector<std::string>{"/tls/key"});
    EXPECT_EQ(problems({{"all", Array{Object{{"password", "x"}}}}}),
              std::vector<std::string>{"/all/0/password"});
    EXPECT_EQ(problems({{"password", Array{"x"}}}), std::vector<std::string>{"/password"});
    EXPECT_EQ(problems({{"uri", "mongodb://a:b@c"}}), std::vector<std::string>{"/uri"});
    EXPECT_EQ(problems({{"password_file", "relative"}}), std::vector<std::string>{"/password_file"});
    EXPECT_EQ(problems({{"password", Object{{"vault", "of.another.policy"}}}}),
              std::vector<std::string>{"/password"});
    EXPECT_EQ(problems({{"password", Object{{"vault", "plugins.mysql.password"}, {"value", "x"}}}}),
              std::vector<std::string>{"/password"});
}

} // namespace
} // namespace restic
