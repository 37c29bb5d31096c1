#include "local_policy/local_policy.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "config/config.h"
#include "core/testing/temp_dir.h"

namespace agent {
namespace {

class LocalPolicyTest : public testing::Test {
protected:
    LocalPolicy read(const std::string& text) {
        core::testkit::writeFile(file_, text);
        return readLocalPolicy(file_);
    }
    std::string fault(const std::string& text) {
        try {
            read(text);
        } catch (const core::Error& error) {
            return error.what();
        }
        return "(none)";
    }
    core::testkit::TempDir dir_;
    std::filesystem::path file_ = dir_ / "local-policy.yaml";
};

TEST_F(LocalPolicyTest, WithoutTheFileNothingIsForbidden) {
    const auto policy = readLocalPolicy(file_);
    EXPECT_FALSE(policy.forbidsAnything());
    EXPECT_TRUE(policy.allowsPath("/etc"));
    EXPECT_TRUE(policy.allowsPlugin("postgres"));
    EXPECT_TRUE(policy.allowsRestoreTo("/srv"));
    EXPECT_FALSE(policy.allowsRestoreTo("/")) << "that only a list allows";
    EXPECT_TRUE(policy.whyNoRestoreInPlace("/srv"));
    EXPECT_TRUE(policy.document().empty());
}

TEST_F(LocalPolicyTest, OnlyWhatIsBelowAnAllowedFolderIsSaved) {
    std::filesystem::create_directories(dir_ / "srv/data");
    const auto srv = (dir_ / "srv").string();
    const auto policy = read("paths: [" + srv + "]\n");
    EXPECT_TRUE(policy.allowsPath(srv));
    EXPECT_TRUE(policy.allowsPath(srv + "/"));
    EXPECT_TRUE(policy.allowsPath(srv + "/data/not/there/yet"));
    EXPECT_FALSE(policy.allowsPath(srv + "2"));
    EXPECT_FALSE(policy.allowsPath(srv + "/../etc"));
    EXPECT_FALSE(policy.allowsPath("/"));
    EXPECT_FALSE(policy.allowsPath(dir_.path().string()));
}

TEST_F(LocalPolicyTest, LinksDoNotLeadOut) {
    std::filesystem::create_directories(dir_ / "srv");
    std::filesystem::create_directory_symlink("/etc", dir_ / "srv/out");
    const auto srv = (dir_ / "srv").string();
    const auto policy = read("paths: [" + srv + "]\n");
    EXPECT_TRUE(policy.allowsPath(srv + "/out")) << "the link itself is saved, not what it leads to";
    EXPECT_FALSE(policy.allowsPath(srv + "/out/"));
    EXPECT_FALSE(policy.allowsPath(srv + "/out/ssh"));
}

TEST_F(LocalPolicyTest, PluginsAndRestoresAreForbiddenAsTheFileSays) {
    auto policy = read("plugins: [postgres]\nrestore_paths: [/srv]\nhooks: false\n");
    EXPECT_TRUE(policy.allowsPlugin("postgres"));
    EXPECT_FALSE(policy.allowsPlugin("docker"));
    EXPECT_TRUE(policy.allowsRestoreTo("/srv/back"));
    EXPECT_FALSE(policy.allowsRestoreTo("/root"));
    EXPECT_TRUE(policy.forbidsAnything());
    EXPECT_EQ(core::json::write(policy.document()),
              R"({"restore_paths":["/srv"],"plugins":["postgres"],"hooks":false})");
    policy = read("plugins: false\nrestores: false\n");
    EXPECT_FALSE(policy.allowsPlugin("postgres"));
    EXPECT_FALSE(policy.allowsRestoreTo("/srv"));
    EXPECT_TRUE(policy.restoreTests) << "they write to the agent's own folder";
    policy = read("restore_tests: false\n");
    EXPECT_FALSE(policy.restoreTests);
    EXPECT_TRUE(policy.allowsRestoreTo("/srv"));
    EXPECT_TRUE(policy.forbidsAnything());
    EXPECT_EQ(core::json::write(policy.document()), R"({"restore_tests":false})");
    EXPECT_TRUE(read("plugins: true\n").allowsPlugin("postgres"));
}

TEST_F(LocalPolicyTest, WhatCannotBeUnderstoodOrTrustedStopsTheStart) {
    const auto name = file_.string();
    EXPECT_EQ(fault("path: [/srv]\n"),
              name + ", line 1: path is not a rule; there are paths, restore_paths, restores, restore_tests, "
                     "hooks, plugins");
    EXPECT_EQ(fault("\nrestores: no\n"), name + ", line 2: restores must be true or false");
    EXPECT_EQ(fault("paths: [srv]\n"), name + ", line 1: paths must be absolute paths");
    EXPECT_EQ(fault("paths: /srv\n"), name + ", line 1: paths must be a list");
    EXPECT_EQ(fault("- a\n"), name + ", line 1: the file must be a mapping of keys to values");
    EXPECT_EQ(fault("paths: [/a\n"), name + ", line 2: this is not well-formed YAML");
    EXPECT_FALSE(read("").forbidsAnything());
    ::chmod(file_.c_str(), 0666);
    EXPECT_THROW(readLocalPolicy(file_), core::Error) << "anybody could allow anything";
    std::filesystem::remove(file_);
    std::filesystem::create_symlink("/nowhere", file_);
    EXPECT_THROW(readLocalPolicy(file_), core::Error) << "a link may lead to another file tomorrow";
}

} // namespace
} // namespace agent
