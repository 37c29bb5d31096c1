#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "core/encoding.h"
#include "integration/system/maintained_fixture.h"

/// A file is found in snapshots, with each restic.
namespace test {
namespace {
namespace fs = std::filesystem;

class Looks : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    bool isOld() const { return GetParam().name == "system"; }
    /// Saves the source; the snapshot's id here.
    std::string save() {
        const auto id = backupNow();
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        return get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front().stringOr("id");
    }
    static std::string files(const std::string& snapshot) {
        return "/api/v1/restic/snapshots/" + snapshot + "/files";
    }
    Value page(const std::string& snapshot, const std::string& path, const std::string& more = {}) {
        return get(files(snapshot) + "?path=" + core::percentEncode(path) + more);
    }
    /// Lists a folder, which nobody has listed before; its task.
    std::string list(const std::string& snapshot, const std::string& path) {
        const auto id = post(files(snapshot), {{"path", path}}, 202).stringOr("id");
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        return id;
    }
    /// All entries of a folder that is listed, page by page.
    std::vector<Value> entries(const std::string& snapshot, const std::string& path, int limit,
                               int* pages = nullptr) {
        std::vector<Value> all;
        std::string after;
        do {
            const auto one = page(
                snapshot, path, "&limit=" + std::to_string(limit) + (after.empty() ? "" : "&after=" + after));
            EXPECT_EQ(one.stringOr("state"), "listed") << core::json::write(one);
            const auto& items = *one.find("items")->array();
            EXPECT_LE(items.size(), static_cast<std::size_t>(limit));
            all.insert(all.end(), items.begin(), items.end());
            after = one.stringOr("next");
            if (pages != nullptr)
                ++*pages;
        } while (!after.empty());
        return all;
    }
    /// The values of the items of a task that ends well.
    std::vector<Value> items(const std::string& id) {
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        std::vector<Value> all;
        std::string after;
        do {
            const auto one = get("/api/v1/restic/tasks/" + id + "/result?limit=500" +
                                 (after.empty() ? "" : "&after=" + after));
            for (const auto& item : *one.find("items")->array()) {
                EXPECT_EQ(item.find("problems")->array()->size(), 0U) << core::json::write(item);
                all.push_back(*item.find("value"));
            }
            after = one.stringOr("next");
        } while (!after.empty());
        return all;
    }
    std::string asked(const Object& body) {
        return post("/api/v1/restic/repositories/" + repositoryId_ + "/find", body, 202).stringOr("id");
    }
    std::vector<Value> found(const Object& body) { return items(asked(body)); }
    static std::set<std::string> paths(const std::vector<Value>& all) {
        std::set<std::string> out;
        for (const auto& one : all)
            out.insert(one.stringOr("path"));
        return out;
    }
    std::string in(const std::string& name) const { return (source_ / name).string(); }
};
INSTANTIATE_TEST_SUITE_P(Restic, Looks, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(Looks, AFolderIsListedWithWhateverNamesItHas) {
    const std::set<std::string> odd{"new\nline", "qu\"ote",  "-x",    "two  spaces",
                                    "ümläut",    " leading", "a[b]*", "back\\slash"};
    for (const auto& name : odd)
        writeFile(source_ / "odd" / name, name);
    writeFile(source_ / "odd" /
                  "b\xff"
                  "ad",
              "bytes");
    for (int i = 0; i < 300; ++i)
        writeFile(source_ / "many" / ("f" + std::to_string(i)),
                  std::string(static_cast<std::size_t>(i), 'x'));
    fs::create_directory(source_ / "empty");
    fs::create_symlink("/nowhere", source_ / "link");
    ASSERT_EQ(::mkfifo(in("fifo").c_str(), 0600), 0);
    ::chmod(in("one.txt").c_str(), 0640);
    const auto shot = save();

    EXPECT_EQ(page(shot, "/").stringOr("state"), "unknown");
    list(shot, "/");
    EXPECT_EQ(entries(shot, "/", 100).at(0).stringOr("type"), "dir");
    list(shot, source_.string());
    std::map<std::string, Value> top;
    for (const auto& one : entries(shot, source_.string(), 100))
        top.emplace(one.stringOr("name"), one);
    EXPECT_EQ(top.size(), 7U);
    EXPECT_EQ(top.at("one.txt").integerOr("size"), 3);
    EXPECT_EQ(top.at("one.txt").stringOr("mode"), "-rw-r-----");
    EXPECT_EQ(top.at("one.txt").integerOr("uid", -1), static_cast<std::int64_t>(::geteuid()));
    EXPECT_FALSE(top.at("one.txt").stringOr("mtime").empty());
    EXPECT_EQ(top.at("link").stringOr("type"), "symlink");
    EXPECT_EQ(top.at("fifo").stringOr("type"), "fifo");
    EXPECT_EQ(top.at("deep").find("size"), nullptr);

    list(shot, in("odd"));
    std::set<std::string> names;
    for (const auto& one : entries(shot, in("odd"), 500)) {
        const auto exact = one.stringOr("name_base64");
        names.insert(exact.empty() ? one.stringOr("name") : core::base64Decode(exact).value());
    }
    auto expected = odd;
    expected.insert("b\xef\xbf\xbd"
                    "ad");
    EXPECT_EQ(names, expected);
    list(shot, in("empty"));
    EXPECT_EQ(page(shot, in("empty")).integerOr("entries", -1), 0);

    const auto many = list(shot, in("many"));
    int pages = 0;
    std::set<std::string> each;
    for (const auto& one : entries(shot, in("many"), 100, &pages)) {
        EXPECT_EQ(one.stringOr("name"), "f" + std::to_string(one.integerOr("size", -1)));
        each.insert(one.stringOr("name"));
    }
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(each.size(), 300U);
    // What is known needs no agent.
    killAgentOnly();
    EXPECT_EQ(post(files(shot), {{"path", in("many")}}, 200).stringOr("id"), many);
    EXPECT_EQ(entries(shot, in("many"), 500).size(), 300U);
    const auto waits = post(files(shot), {{"path", in("deep")}}, 202).stringOr("id");
    EXPECT_EQ(page(shot, in("deep")).stringOr("state"), "listing");
    startAgent();
    EXPECT_EQ(outcome(waits), "success");
    EXPECT_EQ(entries(shot, in("deep"), 100).at(0).stringOr("name"), "two.txt");

    // A path that is a file has one entry, and one that is not there is named.
    list(shot, in("deep/two.txt"));
    EXPECT_EQ(entries(shot, in("deep/two.txt"), 100).at(0).integerOr("size"), 7);
    const auto absent = post(files(shot), {{"path", "/not/there"}}, 202).stringOr("id");
    EXPECT_EQ(outcome(absent), "failed");
    const auto failed = page(shot, "/not/there");
    EXPECT_EQ(failed.stringOr("state"), "failed");
    EXPECT_EQ(failed.find("error")->stringOr("error"), "NotInSnapshot");
    EXPECT_NE(failed.find("error")->stringOr("message").find("/not/there"), std::string::npos);
    EXPECT_EQ(get("/api/v1/restic/backup-runs").find("items")->array()->size(), 1U) << "looks are no runs";
}

TEST_P(Looks, ASnapshotThatIsGoneMeanwhileIsSaidToBeGone) {
    exempt(Proof::snapshots, "it is removed behind the host's back");
    exempt(Proof::green, "the same");
    const auto shot = save();
    writeFile(source_ / "more.txt", "more");
    const auto left = save();
    const auto id = get("/api/v1/restic/snapshots/" + shot).stringOr("snapshot_id");
    ASSERT_TRUE(fs::remove(repository_ / "snapshots" / id));
    const auto listing = post(files(shot), {{"path", "/"}}, 202).stringOr("id");
    EXPECT_EQ(outcome(listing), "failed");
    EXPECT_EQ(page(shot, "/").find("error")->stringOr("error"), "NotInSnapshot")
        << core::json::write(page(shot, "/"));
    const auto comparison =
        post("/api/v1/restic/snapshots/" + shot + "/diff/" + left, {}, 202).stringOr("id");
    EXPECT_EQ(outcome(comparison), "failed");
    EXPECT_EQ(task(comparison).find("error")->stringOr("error"), "NotInSnapshot")
        << core::json::write(task(comparison));
}

TEST_P(Looks, VersionsOfAFileAreFound) {
    writeFile(source_ / "report.pdf", "first");
    writeFile(source_ / "a[b]*", "pattern");
    writeFile(source_ / "ab", "no pattern");
    fs::create_symlink("/elsewhere", source_ / "link");
    const auto one = save();
    const auto two = save();
    writeFile(source_ / "report.pdf", "second one");
    const auto three = save();

    const auto versions = found({{"pattern", in("report.pdf")}});
    ASSERT_EQ(versions.size(), 3U);
    std::map<std::string, std::int64_t> sizes;
    for (const auto& version : versions) {
        EXPECT_EQ(version.stringOr("snapshot_id").size(), 64U);
        EXPECT_EQ(version.stringOr("type"), "file");
        sizes[version.stringOr("snapshot")] = version.integerOr("size");
    }
    EXPECT_EQ(sizes, (std::map<std::string, std::int64_t>{{one, 5}, {two, 5}, {three, 10}}));

    const Array last{three};
    EXPECT_EQ(paths(found({{"pattern", "a[b]*"}, {"snapshot_ids", last}})),
              (std::set<std::string>{in("a[b]*")}));
    EXPECT_EQ(paths(found({{"pattern", "a[b]*"}, {"glob", true}, {"snapshot_ids", last}})),
              (std::set<std::string>{in("ab")}));
    EXPECT_TRUE(found({{"pattern", "REPORT.pdf"}}).empty());
    EXPECT_EQ(found({{"pattern", "REPORT.pdf"}, {"ignore_case", true}}).size(), 3U);
    EXPECT_EQ(found({{"pattern", "link"}, {"snapshot_ids", last}}).at(0).stringOr("link_target"),
              "/elsewhere");
    EXPECT_EQ(found({{"pattern", "report.pdf"}, {"policy_id", policyId_}}).size(), 3U);
    EXPECT_TRUE(found({{"pattern", "report.pdf"}, {"host", "another"}}).empty());
    EXPECT_TRUE(found({{"pattern", "report.pdf"}, {"oldest", "2099-01-01T00:00:00Z"}}).empty());
    EXPECT_EQ(found({{"pattern", "report.pdf"},
                     {"oldest", "2020-01-01T00:00:00Z"},
                     {"newest", "2099-01-01T00:00:00Z"},
                     {"paths", Array{source_.string()}}})
                  .size(),
              3U);
    const auto wrong = asked({{"pattern", "[a"}, {"glob", true}});
    EXPECT_EQ(outcome(wrong), "failed");
    EXPECT_EQ(task(wrong).find("error")->stringOr("error"), "InvalidTask");
}

TEST_P(Looks, WhatDiffersIsTold) {
    for (const auto* name : {"gone", "changed", "becomes a link", "mode", "sub/same"})
        writeFile(source_ / name, name);
    const auto one = save();
    fs::remove(source_ / "gone");
    fs::remove(source_ / "becomes a link");
    fs::create_symlink("x", source_ / "becomes a link");
    writeFile(source_ / "changed", "otherwise");
    ::chmod(in("mode").c_str(), 0600);
    writeFile(source_ / "sub/added", "added");
    const auto two = save();
    const auto compare = [&](const Object& body) {
        return post("/api/v1/restic/snapshots/" + one + "/diff/" + two, body, 202).stringOr("id");
    };
    const auto said = [&](const std::string& id) {
        std::map<std::string, std::string> all;
        for (const auto& line : items(id))
            all[line.stringOr("path")] = line.stringOr("modifier");
        return all;
    };
    const auto all = compare({});
    EXPECT_EQ(
        said(all),
        (std::map<std::string, std::string>{
            {in("gone"), "-"}, {in("changed"), "M"}, {in("becomes a link"), "T"}, {in("sub/added"), "+"}}));
    const auto ended = task(all);
    const auto* result = ended.find("result");
    EXPECT_EQ(result->integerOr("changes"), 4);
    EXPECT_EQ(result->integerOr("changed_files"), 1);
    EXPECT_EQ(result->find("added")->integerOr("files"), 1);
    EXPECT_EQ(result->find("removed")->integerOr("files"), 1);
    EXPECT_FALSE(result->booleanOr("truncated"));
    EXPECT_EQ(said(compare({{"metadata", true}})).at(in("mode")), "U");
    const auto part = compare({{"path", in("sub")}});
    EXPECT_EQ(said(part), (std::map<std::string, std::string>{{in("sub/added"), "+"}}));
    EXPECT_EQ(task(part).find("result")->find("added") == nullptr, isOld());
    if (!isOld()) {
        const auto absent = compare({{"path", "/not/there"}});
        EXPECT_EQ(outcome(absent), "failed");
        EXPECT_EQ(task(absent).find("error")->stringOr("error"), "NotInSnapshot")
            << core::json::write(task(absent));
    }
}

TEST_P(Looks, AFolderOfTwentyThousandIsReadPageByPageAndASearchOfThemEnds) {
    constexpr int kMany = 20'000;
    fs::create_directory(source_ / "many");
    for (int i = 0; i < kMany; ++i)
        ::close(::open(in("many/file" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600));
    const auto shot = save();
    list(shot, in("many"));
    std::set<std::string> names;
    for (const auto& one : entries(shot, in("many"), 500))
        names.insert(one.stringOr("name"));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kMany));

    const auto search = asked({{"pattern", "file*"}, {"glob", true}});
    const auto hits = items(search);
    EXPECT_EQ(hits.size(), 10'000U);
    EXPECT_EQ(hits.back().stringOr("snapshot"), shot);
    const auto ended = task(search);
    EXPECT_TRUE(ended.find("result")->booleanOr("truncated"));
    EXPECT_EQ(ended.find("result")->integerOr("hits"), 10'000);
}

/// With few entries kept.
class FewLooks : public MaintainedSystemTest {
protected:
    void SetUp() override {
        environment_["AE_RESTIC_SNAPSHOTS_LISTED_ENTRIES"] = "500";
        ASSERT_NO_FATAL_FAILURE(beginWith(restics().front()));
    }
};

TEST_F(FewLooks, WhatWasLookedAtLongestAgoIsForgotten) {
    for (const auto* folder : {"a", "b"})
        for (int i = 0; i < 300; ++i)
            writeFile(source_ / folder / std::to_string(i), "");
    const auto backup = backupNow();
    ASSERT_EQ(outcome(backup), "success");
    const auto shot = get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front().stringOr("id");
    const auto files = "/api/v1/restic/snapshots/" + shot + "/files";
    std::string first;
    for (const auto* folder : {"a", "b"}) {
        const auto id = post(files, {{"path", (source_ / folder).string()}}, 202).stringOr("id");
        ASSERT_EQ(outcome(id), "success");
        first = first.empty() ? id : first;
    }
    const auto state = [&](const std::string& folder) {
        return get(files + "?path=" + core::percentEncode((source_ / folder).string())).stringOr("state");
    };
    EXPECT_EQ(state("a"), "unknown");
    EXPECT_EQ(state("b"), "listed");
    EXPECT_EQ(get("/api/v1/restic/tasks/" + first + "/result").find("items")->array()->size(), 0U)
        << "its entries are gone as well";
}

} // namespace
} // namespace test
