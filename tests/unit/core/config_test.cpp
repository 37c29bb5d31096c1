#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config.h"
#include "core/testing/temp_dir.h"

namespace core::config {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::vector<Setting> declared() {
    return {
        {.key = "http.addr", .defaultValue = "0.0.0.0:8080", .doc = "Address"},
        {.key = "http.workers", .type = SettingType::integer, .defaultValue = "2", .min = 1, .max = 8},
        {.key = "http.swagger", .type = SettingType::boolean, .defaultValue = "true"},
        {.key = "http.wait", .type = SettingType::duration, .defaultValue = "30s", .min = 1},
        {.key = "http.limit", .type = SettingType::size, .defaultValue = "1MiB"},
        {.key = "module_path", .type = SettingType::list},
        {.key = "names", .type = SettingType::list, .defaultValue = "a,b"},
        {.key = "log.level", .defaultValue = "info", .oneOf = {"debug", "info"}},
        {.key = "key", .environment = "AE_SPECIAL", .secret = true},
    };
}

struct ConfigTest : testing::Test {
    core::testkit::TempDir dir;
    Sources sources;

    void file(std::string_view text) {
        sources.file = (dir / "config.yaml").string();
        core::testkit::writeFile(sources.file, text);
    }
    std::shared_ptr<const Config> good() { return read(declared(), sources).value(); }
    /// "key: message" of every problem.
    std::vector<std::string> problems() {
        const auto result = read(declared(), sources);
        std::vector<std::string> all;
        if (result.ok())
            return all;
        for (const Problem& problem : result.error().details()) {
            all.push_back(problem.pointer + ": " + problem.message);
            EXPECT_THAT(result.error().what(), HasSubstr(problem.message));
        }
        return all;
    }
};

TEST_F(ConfigTest, DefaultsApply) {
    const auto config = good();
    EXPECT_EQ(config->text("http.addr"), "0.0.0.0:8080");
    EXPECT_EQ(config->integer("http.workers"), 2);
    EXPECT_TRUE(config->boolean("http.swagger"));
    EXPECT_EQ(config->duration("http.wait"), 30s);
    EXPECT_EQ(config->bytes("http.limit"), 1 << 20);
    EXPECT_TRUE(config->list("module_path").empty());
    EXPECT_THAT(config->list("names"), ElementsAre("a", "b"));
    EXPECT_EQ(config->text("key"), "");
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsFile) {
    file("http:\n  addr: file:1\n  workers: 3\nlog:\n  level: debug\n");
    EXPECT_EQ(good()->text("http.addr"), "file:1");
    sources.environment = {{"AE_HTTP_ADDR", "env:1"}, {"AE_HTTP_WORKERS", "4"}, {"OTHER", "x"}};
    EXPECT_EQ(good()->text("http.addr"), "env:1");
    sources.flags = {{"http.addr", "flag:1"}};
    const auto config = good();
    EXPECT_EQ(config->text("http.addr"), "flag:1");
    EXPECT_EQ(config->integer("http.workers"), 4);
    EXPECT_EQ(config->text("log.level"), "debug");
    EXPECT_EQ(config->values().at("http.addr").origin.kind, Origin::Kind::flag);
    EXPECT_EQ(config->values().at("http.workers").origin.where, "AE_HTTP_WORKERS");
    EXPECT_EQ(config->values().at("log.level").origin.where, "line 5");
    EXPECT_EQ(config->values().at("http.wait").origin.kind, Origin::Kind::defaultValue);
}

TEST_F(ConfigTest, EveryProblemComesAtOnceWithItsPlace) {
    file("http:\n  workers: many\n  swagger: maybe\n  wait: fast\nunknown: 1\nlog:\n  level: loud\n");
    sources.environment = {{"AE_HTTP_LIMIT", "5 apples"}};
    sources.flags = {{"key", ""}};
    EXPECT_THAT(
        problems(),
        testing::UnorderedElementsAre(
            AllOf(testing::StartsWith("http.workers: "), HasSubstr("line 2"),
                  HasSubstr("must be an integer")),
            AllOf(testing::StartsWith("http.swagger: "), HasSubstr("line 3"), HasSubstr("true or false")),
            AllOf(testing::StartsWith("http.wait: "), HasSubstr("line 4"), HasSubstr("duration")),
            AllOf(testing::StartsWith("http.limit: "), HasSubstr("AE_HTTP_LIMIT"), HasSubstr("size")),
            AllOf(testing::StartsWith("log.level: "), HasSubstr("line 7"), HasSubstr("one of debug, info")),
            AllOf(testing::StartsWith("unknown: "), HasSubstr("line 5"), HasSubstr("not a known setting"))));
    EXPECT_THAT(read(declared(), sources).error().what(), HasSubstr("6 problems"));
}

TEST_F(ConfigTest, RefusesWhatIsGivenTwice) {
    file("http:\n  workers: 3\n  workers: 4\n");
    EXPECT_THAT(problems(),
                ElementsAre(AllOf(HasSubstr("http.workers"), HasSubstr("line 3"), HasSubstr("twice"))));
}

TEST_F(ConfigTest, KnowsTheLimitsOfNumbers) {
    for (const auto& [value, good] : {std::pair{"0", false},
                                      {"1", true},
                                      {"8", true},
                                      {"9", false},
                                      {"-1", false},
                                      {"", false},
                                      {"1x", false},
                                      {"1.0", false},
                                      {"99999999999999999999", false}}) {
        sources.environment["AE_HTTP_WORKERS"] = value;
        EXPECT_EQ(problems().empty(), good) << value;
    }
}

TEST_F(ConfigTest, ReadsSizesDurationsAndBooleans) {
    const auto bytes = [&](const char* text) -> std::int64_t {
        sources.flags = {{"http.limit", text}};
        const auto result = read(declared(), sources);
        return result.ok() ? result.value()->bytes("http.limit") : -1;
    };
    EXPECT_EQ(bytes("4096"), 4096);
    EXPECT_EQ(bytes("16KiB"), 16384);
    EXPECT_EQ(bytes("1GiB"), 1 << 30);
    EXPECT_EQ(bytes("2TiB"), std::int64_t{2} << 40);
    for (const char* text : {"1MB", "-1", "1 MiB", "9999999999999TiB", "MiB", "1mib"})
        EXPECT_EQ(bytes(text), -1) << text;
    sources.flags = {{"http.wait", "1h30m"}};
    EXPECT_EQ(good()->duration("http.wait"), 90min);
    for (const auto& [text, value] :
         {std::pair{"on", true}, {"1", true}, {"yes", true}, {"off", false}, {"0", false}, {"no", false}}) {
        sources.flags = {{"http.swagger", text}};
        EXPECT_EQ(good()->boolean("http.swagger"), value) << text;
    }
}

TEST_F(ConfigTest, ReadsListsFromEveryPlace) {
    file("module_path:\n  - /a:b\n  - /c\n");
    EXPECT_THAT(good()->list("module_path"), ElementsAre("/a:b", "/c"));
    sources.environment = {{"AE_MODULE_PATH", "/x::/y"}, {"AE_NAMES", "p,q:r"}};
    EXPECT_THAT(good()->list("module_path"), ElementsAre("/x", "/y"));
    EXPECT_THAT(good()->list("names"), ElementsAre("p", "q:r"));
    sources = {};
    file("http:\n  addr: [a, b]\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("must be one value, not a list")));
    file("names:\n  - {a: b}\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("list of plain values")));
}

TEST_F(ConfigTest, SaysWhatIsWrongWithTheFileItself) {
    sources.file = (dir / "missing.yaml").string();
    EXPECT_THAT(problems(), ElementsAre());
    sources.fileRequired = true;
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("does not exist")));
    sources.file = dir.path().string();
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("is a folder")));
    file("just text\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("must contain settings")));
    file("log:\n  level: a: b\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("line 2: ")));
    file("a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("nested too deeply")));
    file(std::string((1U << 20U) + 1, '#'));
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("larger than 1 MiB")));
    file("");
    EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(ConfigTest, SaysWhatWasMeant) {
    file("http:\n  adr: x\n  wrokers: 2\nzebra: 1\n");
    EXPECT_THAT(problems(),
                ElementsAre(AllOf(HasSubstr("line 2: http.adr is not a known setting; did you mean "
                                            "http.addr?")),
                            HasSubstr("http.wrokers is not a known setting; did you mean "
                                      "http.workers?"),
                            EndsWith("zebra is not a known setting")));
    file("");
    // Variables of others that begin the same are nobody's business here.
    sources.environment = {{"AE_HTTP_ADR", "x"}, {"AE_BUILD_DIR", "y"}, {"AE_HTTP_ADDR", "z"}};
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("the variable AE_HTTP_ADR is not a known setting; did you "
                                                  "mean AE_HTTP_ADDR?")));
}

TEST_F(ConfigTest, AMapThatIsGivenTwiceIsNotMerged) {
    file("http:\n  workers: 2\nlog:\n  level: info\nhttp:\n  swagger: false\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("line 5: http is given twice")));
}

TEST_F(ConfigTest, LimitsAreSaidInTheUnitOfTheSetting) {
    auto settings = declared();
    settings.push_back({.key = "pause", .type = SettingType::duration, .defaultValue = "1m", .min = 1000});
    sources.flags = {{"pause", "1ms"}};
    EXPECT_THAT(read(settings, sources).error().what(), HasSubstr("must be at least 1s"));
}

TEST_F(ConfigTest, WhatTheTypeDoesNotSayIsChecked) {
    auto settings = declared();
    const auto even = [](const std::string& text) -> std::optional<std::string> {
        return text.size() % 2 == 0 ? std::nullopt : std::optional<std::string>("must be even.");
    };
    settings.push_back({.key = "word", .check = even});
    settings.push_back({.key = "words", .type = SettingType::list, .check = even});
    EXPECT_TRUE(read(settings, sources).ok()) << "nobody gave one";
    sources.flags = {{"word", "odd"}, {"words", "even,odd"}};
    const auto error = read(settings, sources).error();
    EXPECT_EQ(error.details().size(), 2U);
    EXPECT_THAT(error.what(), AllOf(EndsWith("must be even."), Not(EndsWith(".."))));
}

TEST_F(ConfigTest, AnchorsDoNotMakeASmallFileLarge) {
    // Without values: a hundred million maps from eight lines.
    std::string maps = "l0: &l0 {}\n";
    for (int level = 1; level <= 8; ++level) {
        maps += "l" + std::to_string(level) + ": &l" + std::to_string(level) + " {";
        for (char name = 'a'; name <= 'j'; ++name)
            maps += std::string(name == 'a' ? "" : ", ") + name + ": *l" + std::to_string(level - 1);
        maps += "}\n";
    }
    std::string lists = "l: &l [";
    for (int i = 0; i < 1000; ++i)
        lists += "some text of a list, ";
    lists += "]\n";
    for (int i = 0; i < 1900; ++i)
        lists += "l" + std::to_string(i) + ": *l\n";
    const std::string cycle = "l: &l {a: *l, b: *l, c: *l, d: *l}\n";
    for (const std::string& text : {maps, lists, cycle}) {
        file(text);
        const auto all = problems();
        EXPECT_EQ(
            std::count_if(all.begin(), all.end(),
                          [](const std::string& one) { return one.find("too large") != std::string::npos; }),
            1);
        EXPECT_LE(all.size(), 2001U);
    }
}

TEST_F(ConfigTest, PassesOverUnknownKeysOnlyWhenAsked) {
    file("later: 1\n");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("later is not a known setting")));
    sources.allowUnknown = true;
    EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(ConfigTest, ShowsEverythingButSecrets) {
    sources.environment = {{"AE_SPECIAL", "geheim"}};
    sources.flags = {{"http.addr", "x:1"}};
    const auto config = good();
    EXPECT_EQ(config->text("key"), "geheim");
    const std::string text = show(*config);
    EXPECT_THAT(text, Not(HasSubstr("geheim")));
    EXPECT_THAT(text, HasSubstr("key: ***  # environment, AE_SPECIAL\n"));
    EXPECT_THAT(text, HasSubstr("http.addr: x:1  # flag\n"));
    EXPECT_THAT(text, HasSubstr("http.workers: 2  # default\n"));
    EXPECT_THAT(text, HasSubstr("names: [a, b]  # default\n"));
}

TEST_F(ConfigTest, SecretsAreNotInProblems) {
    auto settings = declared();
    settings.push_back({.key = "pin", .type = SettingType::integer, .secret = true});
    sources.flags = {{"pin", "geheim"}};
    EXPECT_THAT(read(settings, sources).error().what(), Not(HasSubstr("geheim")));
}

TEST_F(ConfigTest, TheReferenceHasALineForEachSetting) {
    auto settings = declared();
    settings.push_back({.key = "pool",
                        .type = SettingType::integer,
                        .defaultValue = "4",
                        .doc = "Size",
                        .min = 1,
                        .max = 9,
                        .unit = "threads",
                        .restartNeeded = false,
                        .seedName = "PoolSize"});
    settings.push_back({.key = "wait", .type = SettingType::duration, .doc = "Wait", .min = 1500});
    const std::string text = reference({{"host", settings}, {"silent", {}}});
    EXPECT_THAT(text, HasSubstr("## host\n"));
    EXPECT_THAT(text, Not(HasSubstr("silent")));
    EXPECT_THAT(text, HasSubstr("| `http.addr` | `AE_HTTP_ADDR` | text | `0.0.0.0:8080` | Address. |\n"));
    EXPECT_THAT(text, HasSubstr("| `log.level` | `AE_LOG_LEVEL` | debug, info | `info` |"));
    EXPECT_THAT(text, HasSubstr("| `key` | `AE_SPECIAL` | text |  | . Secret. |\n"));
    EXPECT_THAT(text,
                HasSubstr("| `pool` | `AE_POOL` | integer, 1 to 9 threads | `4` | Size. Taken at SIGHUP. "
                          "Formerly PoolSize. |\n"));
    EXPECT_THAT(text, HasSubstr("| `wait` | `AE_WAIT` | duration, at least 1500ms |  | Wait. |\n"));
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), settings.size() + 5);
}

TEST_F(ConfigTest, AskingForAnotherTypeIsAnError) {
    const auto config = good();
    EXPECT_THROW(static_cast<void>(config->integer("http.addr")), Error);
    EXPECT_THROW(static_cast<void>(config->text("nothing")), Error);
}

} // namespace
} // namespace core::config
