#include <fstream>

#include "core/module/module_abi.h"
#include "sdk/sdk_fixture.h"

namespace test {
namespace {

namespace fs = std::filesystem;

std::set<std::string> headersOf(const fs::path& folder) {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file())
            all.insert(fs::relative(entry.path(), folder).string());
    return all;
}

class Package : public SdkTest {
protected:
    /// Configures a project with these lines after project(); the first is find_package.
    core::ProcessResult configure(const std::string& lines, const fs::path& from,
                                  const std::string& language = "NONE") {
        writeFile(dir_ / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(probe LANGUAGES " +
                                               language + ")\n" + lines + "\n");
        fs::remove_all(dir_ / "probe");
        return shell("cmake -S . -B probe -G Ninja -DCMAKE_PREFIX_PATH=" + from.string());
    }
    void expectRefused(const std::string& lines, const std::string& sentence,
                       const std::string& language = "NONE") {
        const auto result = configure(lines, prefix(), language);
        EXPECT_FALSE(result.exit.ok()) << lines;
        EXPECT_THAT(oneLine(answerOf(result)), HasSubstr(sentence)) << lines;
    }
    /// CMake breaks its messages at the 79th column.
    static std::string oneLine(const std::string& text) {
        std::string line;
        for (const char c : text)
            if (c != '\n' && c != ' ')
                line += c;
            else if (!line.empty() && line.back() != ' ')
                line += ' ';
        return line;
    }
};

TEST_F(Package, InstallsThePublicHeadersAndNoOthers) {
    std::set<std::string> wanted;
    for (const char* folder :
         {"core/include", "modules/base/include", "modules/restic/include", "tests/mocks", "agent/include"})
        wanted.merge(headersOf(source() / folder));
    EXPECT_EQ(headersOf(prefix() / "include"), wanted);
    for (const auto& header : headersOf(source() / "core/src"))
        EXPECT_FALSE(wanted.contains(header)) << header;
    EXPECT_TRUE(wanted.contains("core/module/module.h"));
}

TEST_F(Package, InstallsTheTypesOfPages) {
    EXPECT_EQ(readFile(prefix() / "share/ae-backend/sdk/page.d.ts"),
              readFile(source() / "web/sdk/page.d.ts"));
    EXPECT_THAT(readFile(prefix() / "share/ae-backend/sdk/page.d.ts"),
                HasSubstr("export interface PageContext"));
}

TEST_F(Package, HeadersNameNothingOfPoco) {
    for (const auto& header : headersOf(prefix() / "include")) {
        const auto text = readFile(prefix() / "include" / header);
        EXPECT_THAT(text, Not(HasSubstr("Poco::"))) << header;
        EXPECT_THAT(text, Not(HasSubstr("Poco/"))) << header;
    }
}

TEST_F(Package, KnowsNoPlaceButItsOwn) {
    const std::string build = AE_BUILD_DIR;
    for (const auto& entry : fs::recursive_directory_iterator(prefix() / "lib/cmake")) {
        if (entry.is_regular_file()) {
            EXPECT_THAT(readFile(entry.path()), Not(HasSubstr(source().string()))) << entry.path();
        }
    }
    for (const auto& [file, path] : {std::pair{"bin/ae-backend", "$ORIGIN/../lib"},
                                     {"lib/ae-backend/modules/base.so", "$ORIGIN/../.."},
                                     {"lib/ae-backend/modules/restic.so", "$ORIGIN/../.."}}) {
        const auto read = shell("readelf -d " + (prefix() / file).string());
        ASSERT_TRUE(read.exit.ok()) << read.error;
        EXPECT_THAT(read.output, HasSubstr("runpath: [" + std::string(path) + "]")) << file;
        EXPECT_THAT(read.output, Not(HasSubstr(build))) << file;
    }
    EXPECT_THAT(shell("readelf -d " + (prefix() / "lib/libae-core.so").string()).output,
                Not(HasSubstr("runpath")));
    EXPECT_THAT(shell((prefix() / "bin/restic-agent").string() + " --version").output,
                HasSubstr("restic-agent"));
}

TEST_F(Package, TheInstalledHostFindsModulesAndWebBesideItself) {
    const auto listed = backend({"--json", "module", "list"});
    ASSERT_EQ(listed.exit.code, 0) << answerOf(listed);
    std::set<std::string> files;
    const auto modules = core::json::parse(listed.output).value();
    for (const auto& module : *modules.find("items")->array())
        files.insert(module.stringOr("file"));
    const auto modulesFolder = prefix() / "lib/ae-backend/modules";
    EXPECT_EQ(files, (std::set<std::string>{(modulesFolder / "base.so").string(),
                                            (modulesFolder / "restic.so").string()}));
    startBackend();
    const auto page = readFile(prefix() / "share/ae-backend/web/index.html");
    ASSERT_FALSE(page.empty()) << "the web application was not built: ./dev build does it";
    EXPECT_EQ(api().send("GET", "/", "").body, page);
}

TEST_F(Package, IsFoundInItsVersionsOnly) {
    const auto found = configure("find_package(AeBackend 0.1 REQUIRED COMPONENTS module)\n"
                                 "get_target_property(libraries AeBackend::core INTERFACE_LINK_LIBRARIES)\n"
                                 "message(STATUS \"needs ${libraries}.\")",
                                 prefix(), "CXX");
    EXPECT_TRUE(found.exit.ok()) << answerOf(found);
    EXPECT_THAT(found.output, HasSubstr("needs Threads::Threads."));
    EXPECT_TRUE(configure("find_package(AeBackend REQUIRED)", prefix(), "CXX").exit.ok());
    for (const char* version : {"0.0", "0.2", "0.9", "1.0"})
        expectRefused(std::string("find_package(AeBackend ") + version + " REQUIRED COMPONENTS module)",
                      "requested version \"" + std::string(version) + "\"");
}

TEST_F(Package, SaysWhichComponentIsNotThere) {
    expectRefused("find_package(AeBackend REQUIRED COMPONENTS moduel)",
                  "there is no component \"moduel\"; there are: module, testing, agent-plugin.");
    const auto tolerated = configure("find_package(AeBackend COMPONENTS moduel)\n"
                                     "if(NOT AeBackend_FOUND)\n  message(STATUS \"not found\")\nendif()",
                                     prefix());
    EXPECT_THAT(tolerated.output, HasSubstr("not found"));
}

TEST_F(Package, ThatOfPluginsNeedsNothingOfTheHost) {
    const auto alone = dir_ / "alone";
    ASSERT_TRUE(
        shell("cmake --install " AE_BUILD_DIR " --prefix " + alone.string() + " --component agent-sdk")
            .exit.ok());
    EXPECT_EQ(headersOf(alone / "include"), headersOf(source() / "agent/include"));
    const auto found =
        configure("find_package(AeBackend REQUIRED COMPONENTS agent-plugin)\n"
                  "get_target_property(libraries AeBackend::agent_plugin INTERFACE_LINK_LIBRARIES)\n"
                  "message(STATUS \"needs ${libraries}.\")",
                  alone, "CXX");
    EXPECT_TRUE(found.exit.ok()) << answerOf(found);
    EXPECT_THAT(found.output, HasSubstr("needs nlohmann_json::nlohmann_json."));
    const auto bare = dir_ / "bare";
    ASSERT_TRUE(
        shell("cmake --install " AE_BUILD_DIR " --prefix " + bare.string() + " --component sdk").exit.ok());
    const auto refused = configure("find_package(AeBackend REQUIRED COMPONENTS agent-plugin)", bare, "CXX");
    EXPECT_FALSE(refused.exit.ok());
    EXPECT_THAT(oneLine(refused.error), HasSubstr("the component \"agent-plugin\" is not installed in"));
    EXPECT_THAT(oneLine(refused.error), HasSubstr("--component agent-sdk"));
}

TEST_F(Package, WithoutTheComponentTestingItSaysHowToGetIt) {
    const auto bare = dir_ / "bare";
    for (const char* component : {"runtime", "sdk"})
        ASSERT_TRUE(
            shell("cmake --install " AE_BUILD_DIR " --prefix " + bare.string() + " --component " + component)
                .exit.ok());
    EXPECT_FALSE(fs::exists(bare / "include/core/testing"));
    const auto refused = configure("find_package(AeBackend REQUIRED COMPONENTS testing)", bare);
    EXPECT_FALSE(refused.exit.ok());
    EXPECT_THAT(oneLine(refused.error), HasSubstr("the component \"testing\" is not installed in"));
    EXPECT_THAT(oneLine(refused.error), HasSubstr("--component testing"));
    const auto optional = configure("find_package(AeBackend REQUIRED COMPONENTS module OPTIONAL_COMPONENTS "
                                    "testing)\nmessage(STATUS \"testing: ${AeBackend_testing_FOUND}.\")",
                                    bare, "CXX");
    EXPECT_TRUE(optional.exit.ok()) << answerOf(optional);
    EXPECT_THAT(optional.output, HasSubstr("testing: FALSE."));
}

TEST_F(Package, AModuleThatNoHostWouldLoadIsRefusedWhenItIsConfigured) {
    writeFile(dir_ / "good.json", R"({"id":"probe_module","version":"1.0.0"})");
    writeFile(dir_ / "other.json", R"({"id":"other","version":"1.0.0"})");
    writeFile(dir_ / "abi.json", R"({"id":"probe_module","version":"1.0.0","abi":99})");
    writeFile(dir_ / "version.json", R"({"id":"probe_module","version":"one"})");
    writeFile(dir_ / "broken.json", "{");
    writeFile(dir_ / "code.cpp", "");
    writeFile(dir_ / "one/sqlite/V0001__create.sql", "CREATE TABLE t (id TEXT);");
    const std::string find = "find_package(AeBackend REQUIRED COMPONENTS module)\n";
    const auto add = [&](const std::string& manifest, const std::string& more = {}) {
        return find + "ae_add_module(probe_module SOURCES code.cpp MANIFEST " + manifest + " " + more + ")";
    };
    const auto good = configure(add("good.json"), prefix(), "CXX");
    EXPECT_TRUE(good.exit.ok()) << answerOf(good);
    EXPECT_EQ(core::json::parse(readFile(dir_ / "probe/lib/ae-backend/modules/probe_module.json"))
                  .value()
                  .integerOr("abi"),
              core::kModuleAbi);
    expectRefused(add("nowhere.json"), "nowhere.json does not exist.", "CXX");
    expectRefused(add("other.json"), "the id is \"other\", but the module is added as \"probe_module\"",
                  "CXX");
    expectRefused(add("abi.json"), "\"abi\" is 99, but this SDK has", "CXX");
    expectRefused(add("version.json"), "\"one\" is no version like 1.2.3.", "CXX");
    expectRefused(add("broken.json"), "A manifest is a JSON object", "CXX");
    expectRefused(add("good.json", "MIGRATIONS one"), "postgresql has no V0001__what_it_does.sql", "CXX");
    expectRefused(add("good.json", "MIGRATION one"), "unknown: MIGRATION", "CXX");

    writeFile(dir_ / "pages.json",
              R"({"id":"probe_module","version":"1.0.0","pages":[{"path":"list",)"
              R"("title":{"en":"List","de":"Grüße"},"entry":"list.js","role":"viewer"}]})");
    writeFile(dir_ / "web/list.js", "");
    writeFile(dir_ / "empty/none.js", "");
    const auto paged = configure(add("pages.json", "WEB web"), prefix(), "CXX");
    EXPECT_TRUE(paged.exit.ok()) << answerOf(paged);
    expectRefused(add("pages.json"), "pages.json has \"pages\"; name the folder with their files: WEB <dir>.",
                  "CXX");
    expectRefused(add("good.json", "WEB web"), "good.json has no \"pages\".", "CXX");
    writeFile(dir_ / "icon.json",
              R"({"id":"probe_module","version":"1.0.0","pages":[{"path":"list","icon":"a;b.svg",)"
              R"("title":{"en":"List","de":"Liste"},"entry":"list.js","role":"viewer"}]})");
    expectRefused(add("icon.json", "WEB web"),
                  "the icon of page 0, \"a;b.svg\", must name a file in the module's web folder", "CXX");
    expectRefused(add("pages.json", "WEB empty"), "empty/list.js, does not exist.", "CXX");
}

} // namespace
} // namespace test
