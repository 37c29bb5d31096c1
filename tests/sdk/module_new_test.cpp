#include "sdk/sdk_fixture.h"

namespace test {
namespace {

namespace fs = std::filesystem;

/// The module that the guide's commands made: `ae-backend module new guestbook guestbook`, built and tested.
class NewModule : public SdkTest {
protected:
    static fs::path guestbook() { return folder() / "guide/guestbook"; }
};

TEST_F(NewModule, RunsInTheHost) {
    useModule(guestbook() / "build");
    startBackend();
    EXPECT_EQ(module("guestbook").stringOr("state"), "running");
    const auto path = "/api/v1/guestbook/greetings";
    EXPECT_EQ(api().post(path, apiToken("viewer"), {{"text", "Moin"}}).status, 403);
    EXPECT_EQ(api().post(path, admin_, {{"text", "Moin"}}).status, 201);
    EXPECT_EQ(get(path).find("items")->array()->front().stringOr("text"), "Moin");
    const auto pages = get("/api/v1/pages");
    EXPECT_EQ(pages.find("items")->array()->front().find("title")->stringOr("de"), "Grüße");
    EXPECT_TRUE(
        await([&] { return readFile(dir_ / "backend.log").find("somebody greeted") != std::string::npos; }));
}

TEST_F(NewModule, IsWholeAndHasNothingOfTheTemplatesName) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(guestbook()))
        if (const auto file = fs::relative(entry.path(), guestbook()).string();
            entry.is_regular_file() && !file.starts_with("build/")) {
            files.insert(file);
            const auto text = readFile(entry.path());
            EXPECT_THAT(text, Not(HasSubstr("hello"))) << file;
            EXPECT_THAT(text, Not(HasSubstr("Hello"))) << file;
        }
    EXPECT_TRUE(files.contains("src/guestbook_module.cpp"));
    EXPECT_TRUE(files.contains("include/guestbook/events.h"));
    EXPECT_TRUE(files.contains("migrations/postgresql/V0001__create_greetings.sql"));
    EXPECT_TRUE(files.contains("tests/guestbook_test.cpp"));
    EXPECT_TRUE(files.contains("web/greetings.js"));

    const auto again = backend({"--json", "module", "new", "stock_list2", (dir_ / "a/b").string()});
    ASSERT_EQ(again.exit.code, 0) << again.error;
    const auto said = core::json::parse(again.output).value();
    EXPECT_EQ(said.stringOr("name"), "stock_list2");
    EXPECT_EQ(said.stringOr("folder"), (dir_ / "a/b").string());
    EXPECT_EQ(said.find("files")->array()->size(), files.size());
    EXPECT_THAT(readFile(dir_ / "a/b/src/stock_list2_module.cpp"), HasSubstr("class StockList2Module"));
}

TEST_F(NewModule, BadNamesAreMisuse) {
    for (const std::string name : {"", "Hello", "2nd", "a-b", "a b", "a__b", "a_", "_a", "../up", "ümlaut",
                                   "namespace", "base", "test", "a123456789012345678901234567890123"}) {
        const auto refused = backend({"module", "new", name, (dir_ / "new").string()});
        EXPECT_EQ(refused.exit.code, 2) << name;
        EXPECT_THAT(refused.error, HasSubstr("\"" + name + "\"")) << name;
        EXPECT_FALSE(fs::exists(dir_ / "new")) << name;
    }
    EXPECT_EQ(backend({"module", "new", "hello"}).exit.code, 2);
}

TEST_F(NewModule, WhatIsThereIsNotWrittenOver) {
    writeFile(dir_ / "full/mine.txt", "mine");
    const auto refused = backend({"module", "new", "hello", (dir_ / "full").string()});
    EXPECT_EQ(refused.exit.code, 1);
    EXPECT_THAT(refused.error, HasSubstr("exists already and is not empty; name a new folder."));
    EXPECT_FALSE(fs::exists(dir_ / "full/module.json"));
    const auto file = backend({"module", "new", "hello", (dir_ / "full/mine.txt").string()});
    EXPECT_EQ(file.exit.code, 1);
    EXPECT_THAT(file.error, HasSubstr("exists already and is no folder"));
    EXPECT_EQ(readFile(dir_ / "full/mine.txt"), "mine");
    const auto nowhere = backend({"module", "new", "hello", "/proc/nowhere/hello"});
    EXPECT_EQ(nowhere.exit.code, 1);
    EXPECT_THAT(nowhere.error, HasSubstr("/proc/nowhere/hello cannot be made: "));
    fs::create_directories(dir_ / "empty");
    EXPECT_EQ(backend({"module", "new", "hello", (dir_ / "empty").string()}).exit.code, 0);
}

TEST_F(NewModule, HelpHasAnExampleAndAPrefixWithoutTheSdkSaysSo) {
    const auto help = backend({"module", "new", "--help"});
    EXPECT_EQ(help.exit.code, 0);
    EXPECT_THAT(help.output, HasSubstr("ae-backend module new guestbook ./guestbook"));
    ASSERT_TRUE(shell("cmake --install " AE_BUILD_DIR " --prefix " + dir_.path().string() +
                      "/bare --component runtime")
                    .exit.ok());
    program_ = (dir_ / "bare/bin/ae-backend").string();
    const auto refused = backend({"module", "new", "hello", (dir_ / "new").string()});
    EXPECT_EQ(refused.exit.code, 1);
    EXPECT_THAT(refused.error, HasSubstr("--component sdk"));
}

} // namespace
} // namespace test
