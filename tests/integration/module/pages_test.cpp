#include <sys/stat.h>

#include "core/json.h"
#include "host/host.h"
#include "integration/module/module_fixture.h"
#include "support/raw_client.h"

namespace core::module {
namespace {

namespace fs = std::filesystem;
using testing::Not;

class PagesTest : public ModuleTest {
protected:
    ModuleRecord loaded() {
        ModuleSet set(log.logger());
        set.load({dir / "modules"});
        return set.records().at(0);
    }
    void expectRefused(const std::string& reason) {
        const auto record = loaded();
        EXPECT_EQ(record.state, State::failed);
        EXPECT_EQ(record.step, "check");
        EXPECT_THAT(record.reason, HasSubstr(reason));
        EXPECT_EQ(record.module, nullptr);
    }
    /// Of a module with one good page, of which one field is replaced.
    void expectPageRefused(const std::string& pages, const std::string& reason) {
        SCOPED_TRACE(pages);
        fs::remove_all(dir / "modules");
        lay("gamma", withPages("gamma", pages));
        layWeb("gamma", "list.js");
        expectRefused("gamma.json is not a valid manifest: " + reason);
    }
    static std::string replaced(std::string text, const std::string& from, const std::string& to) {
        return text.replace(text.find(from), from.size(), to);
    }
};

TEST_F(PagesTest, AreReadWithTheirFilesWhichTheHashCovers) {
    lay("gamma", withPages("gamma", "[" + page("list", "operator", R"("icon":"img/a.svg","order":7)") + "]"));
    layWeb("gamma", "list.js");
    layWeb("gamma", "img/a.svg", "<svg/>");
    const auto record = loaded();
    ASSERT_EQ(record.state, State::discovered) << record.reason;
    ASSERT_EQ(record.pages.size(), 1U);
    EXPECT_EQ(record.pages[0].least(), http::Role::operator_);
    EXPECT_EQ(record.pages[0].title.de, "Liste");
    EXPECT_EQ(record.pages[0].order, 7);
    ASSERT_NE(record.web, nullptr);
    EXPECT_EQ(record.web->files.size(), 2U);
    EXPECT_EQ(record.web->files.at("img/a.svg").type, "image/svg+xml");
    const auto before = record.web->hash;
    EXPECT_EQ(loaded().web->hash, before);
    layWeb("gamma", "img/a.svg", "<svg></svg>"); // not the entry, but the entry may import it
    EXPECT_NE(loaded().web->hash, before);
}

TEST_F(PagesTest, HiddenFilesAreNotServed) {
    lay("gamma", withPages("gamma", "[" + page() + "]"));
    layWeb("gamma", "list.js");
    const auto before = loaded().web->hash;
    for (const char* file : {".env", ".git/config", "img/.DS_Store", "img/.cache/a.svg"})
        layWeb("gamma", file, "secret");
    const auto record = loaded();
    ASSERT_EQ(record.state, State::discovered) << record.reason;
    EXPECT_EQ(record.web->files.size(), 1U);
    EXPECT_EQ(record.web->hash, before);
}

TEST_F(PagesTest, TheManifestIsRefusedByTheFieldsName) {
    const auto expectField = [&](const std::string& from, const std::string& to, const std::string& reason) {
        expectPageRefused("[" + replaced(page(), from, to) + "]", reason);
    };
    expectField(R"("path":"list")", R"("path":"../list")",
                "One field is not valid: /pages/0/path must consist of");
    expectField(R"("path":"list")", R"("path":"")", "One field is not valid: /pages/0/path ");
    expectField(R"("path":"list")", R"("path":"list-")",
                "One field is not valid: /pages/0/path must not end with -");
    expectField(R"("path":"list",)", "", "One field is not valid: /pages/0/path ");
    expectField(R"(,"de":"Liste")", "", "One field is not valid: /pages/0/title/de ");
    expectField(R"("de":"Liste")", R"("de":"Liste","fr":"Liste")",
                "One field is not valid: /pages/0/title/fr ");
    expectField(R"("role":"viewer")", R"("role":"root")", "One field is not valid: /pages/0/role ");
    expectField(R"(,"role":"viewer")", "", "One field is not valid: /pages/0/role ");
    expectField("list.js", "list.html", "One field is not valid: /pages/0/entry must end with .js or .mjs");
    for (const char* file : {"../gamma.js", "/etc/list.js", "a/../../list.js", "a//list.js", ".hidden.js",
                             "a b.js", "%2e%2e/a.js"})
        expectField("list.js", file,
                    "One field is not valid: /pages/0/entry must name a file in the module's web folder");
    expectPageRefused("[" + page("list", "viewer", R"("icon":"list.gif")") + "]",
                      "One field is not valid: /pages/0/icon must end with .svg or .png");
    for (const char* file : {"a;b.svg", "a b.svg", "\u00e9.svg", ".a.svg", "../a.svg"})
        expectPageRefused(
            "[" + page("list", "viewer", R"("icon":")" + std::string(file) + '"') + "]",
            "One field is not valid: /pages/0/icon must name a file in the module's web folder");
    expectPageRefused("[" + page("list", "viewer", R"("order":-1)") + "]",
                      "One field is not valid: /pages/0/order ");
    expectPageRefused("[" + page("list", "viewer", R"("colour":"red")") + "]",
                      "One field is not valid: /pages/0/colour ");
    expectPageRefused("[" + page() + "," + page() + "]", "/pages/1/path is \"list\", as of another page");
}

TEST_F(PagesTest, WhatIsNotThereIsRefusedByName) {
    lay("gamma", withPages("gamma", "[" + page() + "]"));
    expectRefused("gamma.web is not there: a module with pages brings their files in this folder");
    layWeb("gamma", "other.js");
    expectRefused("gamma.web/list.js is not there, which the manifest names in /pages/0/entry.");
    layWeb("gamma", "list.js");
    layManifest("gamma", withPages("gamma", "[" + page("list", "viewer", R"("icon":"list.svg")") + "]"));
    expectRefused("gamma.web/list.svg is not there, which the manifest names in /pages/0/icon.");
}

TEST_F(PagesTest, LinksAndFilesThatOthersCanWriteAreRefused) {
    lay("gamma", withPages("gamma", "[" + page() + "]"));
    const auto file = layWeb("gamma", "list.js");
    const auto folder = file.parent_path();
    core::testkit::writeFile(dir / "secret/key.txt", "secret");

    fs::create_symlink(dir / "secret/key.txt", folder / "key.txt");
    expectRefused("key.txt is not a regular file; links are not followed");
    fs::remove(folder / "key.txt");
    fs::create_directory_symlink(dir / "secret", folder / "secret");
    expectRefused("secret is not a regular file; links are not followed");
    fs::remove(folder / "secret");
    ::chmod(file.c_str(), 0664);
    expectRefused("list.js can be written by others; take that right away (chmod go-w)");
    ::chmod(file.c_str(), 0644);
    ::chmod(folder.c_str(), 0777);
    expectRefused("gamma.web can be written by others");
    ::chmod(folder.c_str(), 0755);
    EXPECT_EQ(loaded().state, State::discovered);

    fs::rename(folder, dir / "elsewhere");
    fs::create_directory_symlink(dir / "elsewhere", folder);
    expectRefused("gamma.web is not a folder; links are not followed");
}

TEST_F(PagesTest, TooManyOrTooLargeFilesAreRefused) {
    lay("gamma", withPages("gamma", "[" + page() + "]"));
    layWeb("gamma", "list.js");
    const auto large = layWeb("gamma", "large.wasm");
    fs::resize_file(large, 33U << 20U);
    expectRefused("gamma.web has more than 1000 files or 32 MiB");
    fs::remove(large);
    for (int i = 0; i < 1000; ++i)
        core::testkit::writeFile(large.parent_path() / (std::to_string(i) + ".txt"), "");
    for (const auto& entry : fs::directory_iterator(large.parent_path()))
        fs::permissions(entry.path(), fs::perms(0644));
    expectRefused("gamma.web has more than 1000 files or 32 MiB");
}

TEST_F(PagesTest, TheHostListsThemByRoleAndServesThoseOfRunningModules) {
    // alpha also brings the tests' sign-in: the token names the role.
    lay("alpha",
        withPages("alpha", "[" + page("late", "viewer", R"("order":200)") + "," + page("admins", "admin") +
                               "," + page("work", "operator", R"("icon":"list.svg")") + "]"));
    layWeb("alpha", "list.js", "export function mount() { return 'alpha' }");
    layWeb("alpha", "list.svg", "<svg/>");
    layWeb("alpha", "deep/part.mjs", "export default 1");
    lay("beta", withPages("beta", "[" + page("early", "viewer", R"("order":1)") + "]"));
    layWeb("beta", "list.js");
    lay("throws_start", withPages("throws_start", "[" + page() + "]"));
    layWeb("throws_start", "list.js", "export const name = 'throws_start'");

    host::HostOptions options;
    options.executable = dir / "bin/ae-backend";
    options.sources.flags = {{"data_dir", (dir / "data").string()},
                             {"http.addr", "127.0.0.1:0"},
                             {"module_path", (dir / "modules").string()},
                             {"log.level", "error"}};
    host::Host host(options);
    host.loadModules();
    std::map<std::string, std::string> hashes;
    for (const auto& record : host.modules().records())
        if (record.web)
            hashes[record.id] = record.web->hash;
    host.readConfig();
    host.openDatabase();
    host.migrate();
    host.initializeModules();
    host.start();
    {
        test::RawClient client(host.port());
        const auto as = [&](const std::string& role) {
            const auto response = client.ask("/api/v1/pages", "Authorization: Bearer " + role + "\r\n");
            EXPECT_EQ(response.status, 200) << response.body;
            const auto document = json::parse(response.body).value();
            std::vector<std::string> seen;
            for (const auto& item : *document.find("items")->array())
                seen.push_back(item.stringOr("module") + "/" + item.stringOr("path"));
            return seen;
        };
        EXPECT_EQ(client.ask("/api/v1/pages").status, 401);
        EXPECT_EQ(client.ask("/api/v1/pages", "Authorization: Bearer nobody\r\n").status, 503)
            << "the module that may know it is not there";
        EXPECT_EQ(as("viewer"), (std::vector<std::string>{"beta/early", "alpha/late"}));
        EXPECT_EQ(as("operator"), (std::vector<std::string>{"beta/early", "alpha/work", "alpha/late"}));
        EXPECT_EQ(as("admin"),
                  (std::vector<std::string>{"beta/early", "alpha/admins", "alpha/work", "alpha/late"}));

        const auto listed =
            json::parse(client.ask("/api/v1/pages", "Authorization: Bearer operator\r\n").body).value();
        const auto& work = listed.find("items")->array()->at(1);
        EXPECT_EQ(work.find("title")->stringOr("de"), "Liste");
        const auto folder = "/modules/alpha/web/" + hashes["alpha"];
        EXPECT_EQ(work.stringOr("entry"), folder + "/list.js");
        EXPECT_EQ(work.stringOr("icon"), folder + "/list.svg");

        const auto script = client.ask(work.stringOr("entry"));
        EXPECT_EQ(script.status, 200);
        EXPECT_EQ(script.body, "export function mount() { return 'alpha' }");
        EXPECT_EQ(script.header("Content-Type"), "text/javascript; charset=utf-8");
        EXPECT_EQ(script.header("Cache-Control"), "public, max-age=31536000, immutable");
        EXPECT_EQ(script.header("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(client.ask(work.stringOr("icon")).header("Content-Type"), "image/svg+xml");
        EXPECT_EQ(client.ask(folder + "/deep/part.mjs").header("Content-Type"),
                  "text/javascript; charset=utf-8");
        for (const std::string& path :
             {folder + "/../../../alpha.json", folder + "/%2e%2e/%2e%2e/%2e%2e/alpha.json",
              folder + "/none.js", std::string("/modules/alpha.json"),
              std::string("/modules/alpha/web/list.js"),
              "/modules/throws_start/web/" + hashes["throws_start"] + "/list.js"})
            EXPECT_NE(client.ask(path).status, 200) << path;
    }
    EXPECT_TRUE(host.stop());
}

} // namespace
} // namespace core::module
