#include "restic/protocol/plugin_settings.h"

#include <gtest/gtest.h>

namespace restic::protocol {
namespace {
using core::json::Object;

Object parsed(const std::string& text) {
    return *core::json::parse(text).value().object();
}

const Object& schema() {
    static const auto one = parsed(R"({"type":"object","properties":{
        "host":{"type":"string","minLength":1,"default":"localhost","x-destination":true},
        "port":{"type":"integer","minimum":1,"maximum":65535},
        "password":{"type":"string","writeOnly":true},
        "password_file":{"type":"string","x-machine":true},
        "databases":{"type":"array","items":{"type":"string","minLength":1},"x-policy":true},
        "tls":{"enum":["off","on"]}},"required":["port"]})");
    return one;
}

std::string problems(const std::string& settings, bool partial = false) {
    std::string text;
    for (const auto& problem : problemsOfSettings(schema(), parsed(settings), partial))
        text += problem.pointer + " " + problem.message + "\n";
    return text;
}

TEST(PluginSettings, GoodOnesHaveNoProblem) {
    EXPECT_FALSE(problemOfSchema(schema()));
    EXPECT_EQ(problems(R"({"port":5432,"host":"db","databases":["a"],"tls":"on","password":"x"})"), "");
}

TEST(PluginSettings, EachProblemNamesItsFieldAndNeverItsValue) {
    EXPECT_EQ(problems(R"({"port":5432,"nonsense":1})"), "/nonsense is not a setting of this plugin\n");
    for (const auto& [settings, pointer] : {std::pair{R"({"port":0})", "/port "},
                                            {R"({"port":"canary-9"})", "/port "},
                                            {R"({"port":1,"host":""})", "/host "},
                                            {R"({"port":1,"databases":["a",""]})", "/databases/1 "},
                                            {R"({"port":1,"databases":"canary-9"})", "/databases "},
                                            {R"({"port":1,"tls":"canary-9"})", "/tls "},
                                            {R"({"port":1,"password":7})", "/password "}}) {
        const auto text = problems(settings);
        EXPECT_EQ(text.find(pointer), 0U) << settings << ": " << text;
        EXPECT_EQ(text.find("canary-9"), std::string::npos) << text;
    }
}

TEST(PluginSettings, WhatIsMissingIsAProblemUnlessItIsKeptElsewhere) {
    EXPECT_NE(problems(R"({"host":"db"})").find("port"), std::string::npos);
    EXPECT_EQ(problems(R"({"host":"db"})", true), "");
    EXPECT_NE(problems(R"({"host":""})", true), "") << "what is there is judged all the same";
}

TEST(PluginSettings, APatternOfSomebodyElseIsNotTried) {
    const auto slow = parsed(R"({"type":"object","properties":{"name":{"type":"string","pattern":"^(a+)+$"},
        "pattern":{"type":"integer"}}})");
    const Object settings{{"name", std::string(64, 'a') + "!"}};
    EXPECT_TRUE(problemsOfSettings(slow, settings, true).empty())
        << "or it would take longer than anybody waits";
    EXPECT_EQ(problemsOfSettings(slow, parsed(R"({"pattern":"x"})"), true).size(), 1U)
        << "a property of that name is judged";
    EXPECT_FALSE(problemsOfSettings(slow, parsed(R"({"name":"b"})")).empty());
}

TEST(PluginSettings, MarksSayWhatAFieldIs) {
    EXPECT_EQ(secretsOf(schema()), (std::set<std::string>{"password"}));
    EXPECT_EQ(policyFieldsOf(schema()), (std::set<std::string>{"databases"}));
    EXPECT_EQ(machineFieldsOf(schema()), (std::set<std::string>{"password_file"}));
    EXPECT_EQ(destinationFieldsOf(schema()), (std::set<std::string>{"host"}));
    const auto masked = maskSettings(schema(), parsed(R"({"port":1,"password":"canary-9"})"));
    EXPECT_EQ(core::json::write(masked.values), R"({"port":1})");
    EXPECT_EQ(masked.secrets, std::vector<std::string>{"password"});
    EXPECT_EQ(core::json::write(withDefaults(schema(), parsed(R"({"port":1})"))),
              R"({"port":1,"host":"localhost"})");
}

TEST(PluginSettings, ASchemaThatWouldLetSecretsGoAstrayIsNone) {
    const auto judged = [](const std::string& property) {
        return problemOfSchema(parsed(R"({"type":"object","properties":{"a":)" + property + "}}"))
            .value_or("");
    };
    EXPECT_EQ(judged(R"({"type":"string"})"), "");
    EXPECT_NE(judged(R"({"type":"string","writeOnly":true,"x-policy":true})"), "");
    EXPECT_NE(judged(R"({"type":"string","x-machine":true,"x-policy":true})"), "");
    EXPECT_NE(judged(R"({"type":"string","x-destination":true,"x-policy":true})"), "");
    EXPECT_NE(judged(R"({"type":"integer","writeOnly":true})"), "");
    EXPECT_NE(judged("7"), "");
    EXPECT_NE(judged(R"({"type":"nonsense"})"), "");
    EXPECT_TRUE(problemOfSchema(parsed(R"({"type":"string"})")));
}

} // namespace
} // namespace restic::protocol
