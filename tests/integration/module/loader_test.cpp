#include <fstream>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/module/module_fixture.h"
#include "module/module_file.h"

namespace core::module {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class LoaderTest : public ModuleTest {
protected:
    /// Loads the folder, in which "alpha" is good, and expects that only `id` failed, with that reason.
    void expectRefused(const std::string& id, const std::string& step, const std::string& reason) {
        lay("alpha", manifest("alpha"));
        lay("beta", manifest("beta", needs(id, "[1.0,2.0)")));
        ModuleSet set(log.logger());
        set.load({dir / "modules", dir / "nowhere"});
        std::map<std::string, ModuleRecord> byId;
        for (auto& record : set.records())
            byId[record.id] = record;
        ASSERT_EQ(byId.size(), 3U);
        EXPECT_EQ(byId["alpha"].state, State::discovered) << byId["alpha"].reason;
        EXPECT_NE(byId["alpha"].module, nullptr);
        EXPECT_EQ(byId[id].state, State::failed);
        EXPECT_EQ(byId[id].step, step);
        EXPECT_THAT(byId[id].reason, HasSubstr(reason));
        EXPECT_EQ(byId["beta"].state, State::skipped);
        EXPECT_EQ(byId["beta"].reason, "it needs the module \"" + id + "\", which failed");
        EXPECT_THAT(log.text(), HasSubstr("a module failed"));
    }
};

TEST_F(LoaderTest, WrongAbi) {
    lay("wrong_abi", manifest("wrong_abi"));
    expectRefused("wrong_abi", "load",
                  "wrong_abi.so was built for module ABI 2, this host has ABI 1; build it again");
}
TEST_F(LoaderTest, WrongAbiInTheManifest) {
    lay("gamma", manifest("gamma", "{}", "1.0.0", 7));
    expectRefused("gamma", "check",
                  "gamma.so was built for module ABI 7, this host has ABI 1; build it again");
}
TEST_F(LoaderTest, WrongBuildTag) {
    lay("wrong_tag", manifest("wrong_tag"));
    expectRefused("wrong_tag", "load", "wrong_tag.so was built as \"gcc4-cxx11abi0\", this host as \"gcc");
}
TEST_F(LoaderTest, SmallDescriptor) {
    lay("small_descriptor", manifest("small_descriptor"));
    expectRefused("small_descriptor", "load", "has a descriptor that is too small");
}
TEST_F(LoaderTest, NoEntry) {
    lay("no_entry", manifest("no_entry"));
    expectRefused("no_entry", "load", "exports no core_module_v1; use the macro CORE_MODULE");
}
TEST_F(LoaderTest, ThrowsInCreate) {
    lay("throws_create", manifest("throws_create"));
    expectRefused("throws_create", "load", "failed while it was created: ");
    EXPECT_THAT(log.text(), HasSubstr("no memory for this sample"));
}
TEST_F(LoaderTest, CreatesNothing) {
    lay("null_create", manifest("null_create"));
    expectRefused("null_create", "load", "created no module");
}
TEST_F(LoaderTest, AnotherIdInTheDescriptor) {
    lay("gamma", manifest("delta"), "delta");
    expectRefused("delta", "load", "delta.so is gamma 1.0.0, its manifest says delta 1.0.0");
}
TEST_F(LoaderTest, AnotherVersionInTheDescriptor) {
    lay("gamma", manifest("gamma", "{}", "1.1.0"));
    expectRefused("gamma", "load", "gamma.so is gamma 1.0.0, its manifest says gamma 1.1.0");
}
TEST_F(LoaderTest, AnotherIdInTheManifest) {
    lay("gamma", manifest("epsilon"));
    expectRefused("gamma", "check", "calls itself \"epsilon\" in its manifest");
}
TEST_F(LoaderTest, NoManifest) {
    lay("gamma", "");
    expectRefused("gamma", "check", "has no manifest: gamma.json must be beside it");
}
TEST_F(LoaderTest, MalformedManifest) {
    lay("gamma", "{");
    expectRefused("gamma", "check", "gamma.json is not a valid manifest: ");
}
TEST_F(LoaderTest, ManifestWithUnknownFields) {
    lay("gamma", R"({"id":"gamma","version":"1.0.0","abi":1,"extra":1})");
    expectRefused("gamma", "check", "gamma.json is not a valid manifest: ");
}
TEST_F(LoaderTest, ManifestWithABadRange) {
    lay("gamma", manifest("gamma", R"({"alpha":"1.0"})"));
    expectRefused("gamma", "check", "gamma.json is not a valid manifest: ");
}
TEST_F(LoaderTest, WritableByTheGroup) {
    ::chmod(lay("gamma", manifest("gamma")).c_str(), 0775);
    expectRefused("gamma", "check", "gamma.so can be written by others; take that right away");
}
TEST_F(LoaderTest, WritableByTheWorld) {
    ::chmod(lay("gamma", manifest("gamma")).c_str(), 0757);
    expectRefused("gamma", "check", "gamma.so can be written by others; take that right away");
}
TEST_F(LoaderTest, ManifestWritableByTheWorld) {
    lay("gamma", manifest("gamma"));
    ::chmod((dir / "modules/gamma.json").c_str(), 0666);
    expectRefused("gamma", "check", "gamma.json can be written by others; take that right away");
}
TEST_F(LoaderTest, OfAnotherUser) {
    const auto library = lay("gamma", manifest("gamma"));
    // Only root can give the file away; for another user the host is somebody else.
    const uid_t host = ::chown(library.c_str(), 4242, 4242) == 0 ? ::geteuid() : ::geteuid() + 1;
    try {
        (void)inspect(library, host);
        FAIL() << "it was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.name(), kModuleRefused.name);
        EXPECT_THAT(error.what(), HasSubstr("it must belong to root or to the user that runs this program"));
    }
}
TEST_F(LoaderTest, NeedsMoreThanItsManifestSays) {
    lay("needs_more", manifest("needs_more"));
    expectRefused("needs_more", "load",
                  "needs_more.so needs \"alpha\" in version [1.0,2.0), which its manifest does not say");
}
TEST_F(LoaderTest, Symlink) {
    const auto real = lay("gamma", "", "", "elsewhere");
    layManifest("gamma", manifest("gamma"));
    fs::create_symlink(real, dir / "modules/gamma.so");
    expectRefused("gamma", "check", "gamma.so is not a regular file; links are not followed");
}
TEST_F(LoaderTest, AnotherMachine) {
    const auto library = lay("gamma", manifest("gamma"));
    std::fstream file(library, std::ios::in | std::ios::out | std::ios::binary);
    const Elf64_Half machine = EM_PPC64;
    file.seekp(offsetof(Elf64_Ehdr, e_machine));
    file.write(reinterpret_cast<const char*>(&machine), sizeof machine);
    file.close();
    expectRefused("gamma", "check", "was built for another kind of machine (ELF machine 21, ");
}
TEST_F(LoaderTest, NoElf) {
    core::testkit::writeFile(dir / "modules/gamma.so", "#!/bin/sh\n");
    ::chmod((dir / "modules/gamma.so").c_str(), 0755);
    layManifest("gamma", manifest("gamma"));
    expectRefused("gamma", "check", "gamma.so is not a shared library");
}
TEST_F(LoaderTest, CutShort) {
    fs::resize_file(lay("gamma", manifest("gamma")), 4096);
    expectRefused("gamma", "check", "gamma.so is cut short; copy it again");
}
TEST_F(LoaderTest, NeedsWhatIsNotThere) {
    lay("gamma", manifest("gamma", needs("omega", "[1.0,2.0)")));
    expectRefused("gamma", "resolve", "\"omega\"");
}
TEST_F(LoaderTest, NeedsAnotherVersion) {
    lay("gamma", manifest("gamma", needs("alpha", "[2.0,3.0)")));
    expectRefused("gamma", "resolve", "it needs \"alpha\" in version [2.0,3.0), but version 1.0.0 is here");
}

TEST_F(LoaderTest, TheSecondOfTwoEqualModulesIsRefusedAndTheFirstGoesOn) {
    lay("alpha", manifest("alpha"), "", "one");
    lay("alpha", manifest("alpha"), "", "two");
    lay("beta", manifest("beta", needs("alpha", "[1.0,2.0)")), "", "two");
    ModuleSet set(log.logger());
    set.load({dir / "one", dir / "two"});
    const auto records = set.records();
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[0].id, "alpha");
    EXPECT_EQ(records[0].state, State::discovered);
    EXPECT_EQ(records[1].id, "beta");
    EXPECT_EQ(records[1].state, State::discovered) << records[1].reason;
    EXPECT_EQ(records[2].state, State::failed);
    EXPECT_THAT(records[2].reason,
                HasSubstr("brings the module \"alpha\", which another file brought before"));
}

class Linked final : public Module {
public:
    Linked(std::string name, std::vector<Dependency> needs)
        : name_(std::move(name)), needs_(std::move(needs)) {}
    std::string_view name() const override { return name_; }
    std::string_view version() const override { return "1.0.0"; }
    std::vector<Dependency> dependencies() const override { return needs_; }
    void initialize(ModuleContext&) override {}

private:
    std::string name_;
    std::vector<Dependency> needs_;
};

TEST_F(LoaderTest, ACycleIsNamedAndTheOthersGoOn) {
    ModuleSet set(log.logger());
    const auto add = [&](const char* name, std::vector<Dependency> needs) {
        set.addLinked(std::make_shared<Linked>(name, std::move(needs)));
    };
    add("d", {{"c", "[1,2)"}});
    add("c", {});
    add("a", {{"b", "[1,2)"}});
    add("b", {{"a", "[1,2)"}});
    add("e", {{"a", "[1,2)"}, {"c", "[1,2)"}});
    set.resolve();
    std::map<std::string, ModuleRecord> byId;
    for (auto& record : set.records())
        byId[record.id] = record;
    EXPECT_EQ(byId["c"].state, State::discovered);
    EXPECT_EQ(byId["d"].state, State::discovered);
    EXPECT_EQ(byId["a"].reason, "it depends in a cycle on b");
    EXPECT_EQ(byId["b"].reason, "it depends in a cycle on a");
    EXPECT_NE(byId["e"].state, State::discovered);
}

TEST_F(LoaderTest, ACycleOfFilesIsNamedAndNoneOfThemRuns) {
    lay("alpha", manifest("alpha", needs("beta", "[1.0,2.0)")));
    lay("beta", manifest("beta", needs("alpha", "[1.0,2.0)")));
    lay("gamma", manifest("gamma"));
    ModuleSet set(log.logger());
    set.load({dir / "modules"});
    std::map<std::string, ModuleRecord> byId;
    for (auto& record : set.records())
        byId[record.id] = record;
    EXPECT_EQ(byId["alpha"].state, State::failed);
    EXPECT_EQ(byId["alpha"].reason, "it depends in a cycle on beta");
    EXPECT_EQ(byId["beta"].reason, "it depends in a cycle on alpha");
    EXPECT_EQ(byId["gamma"].state, State::discovered);
}

TEST_F(LoaderTest, StepsGoInOrderAndAFailureSkipsDependants) {
    ModuleSet set(log.logger());
    set.addLinked(std::make_shared<Linked>("a", std::vector<Dependency>{{"b", "[1,2)"}}));
    set.addLinked(std::make_shared<Linked>("b", std::vector<Dependency>{{"c", "[1,2)"}}));
    set.addLinked(std::make_shared<Linked>("c", std::vector<Dependency>{}));
    set.addLinked(std::make_shared<Linked>("d", std::vector<Dependency>{}));
    set.resolve();
    std::vector<std::string> order;
    set.forEach("initialize", [&](ModuleRecord& record) { order.push_back(record.id); });
    EXPECT_THAT(order, ElementsAre("c", "d", "b", "a"));
    order.clear();
    set.forEach("start", [&](ModuleRecord& record) {
        if (record.id == "b")
            throw std::runtime_error("kaputt");
        order.push_back(record.id);
        set.setState(record, State::running);
    });
    EXPECT_THAT(order, ElementsAre("c", "d"));
    const auto records = set.records();
    EXPECT_EQ(records[2].step, "start");
    EXPECT_THAT(records[2].reason, HasSubstr("kaputt"));
    EXPECT_EQ(records[3].reason, "it needs the module \"b\", which failed");
    order.clear();
    set.forEachReverse([&](ModuleRecord& record) {
        order.push_back(record.id);
        throw std::runtime_error("while stopping");
    });
    EXPECT_THAT(order, ElementsAre("d", "c"));
    EXPECT_THAT(log.text(), HasSubstr("while stopping"));
}

} // namespace
} // namespace core::module
