#include "contract/restic_fixture.h"

namespace test {
namespace {

using restic::PlaceStore;

/// Repositories that do not exist yet, and places that once worked.
class ResticFirstBackup : public ResticParts {
protected:
    Uuid web = agent("web-01");
    Uuid db_ = agent("db-01");
    Uuid store = repository(tenant, "store");

    std::vector<Uuid> handOut(const Uuid& to) {
        std::vector<Uuid> ids;
        for (const auto& envelope : host.tasks.handOut(tenant, to, 10).items) {
            ids.push_back(Uuid::parse(*envelope.payload.find("task_id")->string()).value());
            const auto* init = envelope.payload.find("init_if_missing");
            mayInit = init != nullptr && init->boolean() != nullptr && *init->boolean();
        }
        return ids;
    }
    Uuid wanted(const Uuid& of, const Uuid& where) { return host.tasks.create(tenant, manual(of, where)).id; }
    bool mayInitNow(const Uuid& of, const Uuid& where) {
        const auto id = wanted(of, where);
        handOut(of);
        host.tasks.report(tenant, of, id, failed("OutOfDiskSpace"));
        return mayInit;
    }
    restic::RepositorySpec spec(const std::string& name, const std::string& path) {
        return {name, "local", path, {}, web, kSecret, {}, {}, {}};
    }
    Uuid make(const restic::RepositorySpec& what) {
        return here([&](Transaction& tx) { return host.repositories.create(tx, what).id; });
    }
    bool mayInit = false;
};
BOTH_DATABASES(ResticFirstBackup);

TEST_P(ResticFirstBackup, OneAtATimeUntilOneSucceeded) {
    const auto first = wanted(web, store);
    const auto second = wanted(web, store);
    const auto third = wanted(db_, store);
    EXPECT_EQ(handOut(web), std::vector{first});
    EXPECT_TRUE(handOut(db_).empty()) << "two who initialise at once destroy the repository";
    host.woken.clear();
    host.tasks.report(tenant, web, first, done('a'));
    EXPECT_NE(std::find(host.woken.begin(), host.woken.end(), db_), host.woken.end())
        << "who waited is told, wherever it is parked";
    EXPECT_EQ(handOut(web), std::vector{second});
    EXPECT_EQ(handOut(db_), std::vector{third});
}

TEST_P(ResticFirstBackup, AFailedFirstOneLetsTheNextTry) {
    const auto first = wanted(web, store);
    const auto second = wanted(db_, store);
    handOut(web);
    EXPECT_TRUE(handOut(db_).empty());
    host.tasks.report(tenant, web, first, failed("AuthenticationFailed"));
    EXPECT_EQ(handOut(db_), std::vector{second});
}

TEST_P(ResticFirstBackup, OthersDoNotWaitForIt) {
    const auto known = repository(tenant, "known");
    worked(known, web);
    const auto first = wanted(web, store);
    wanted(web, store);
    const auto independent = wanted(web, known);
    EXPECT_EQ(handOut(web), (std::vector{first, independent}));
}

TEST_P(ResticFirstBackup, TwoAgentsWhoAskAtOnceGetOne) {
    const auto database = fixture.openAnother();
    ResticHost second(*database, clock, bus, base, authentication, fixture.log.logger());
    for (int round = 0; round < 8; ++round) {
        const auto fresh = repository(tenant, "fresh" + std::to_string(round));
        const auto a = wanted(web, fresh);
        const auto b = wanted(db_, fresh);
        std::size_t given = 0;
        std::mutex mutex;
        {
            const auto ask = [&](ResticHost& at, const Uuid& who) {
                const auto count = at.tasks.handOut(tenant, who, 1).items.size();
                const std::lock_guard lock(mutex);
                given += count;
            };
            std::jthread one([&] { ask(host, web); });
            std::jthread two([&] { ask(second, db_); });
        }
        EXPECT_EQ(given, 1U);
        for (int pass = 0; pass < 2; ++pass) // the one that waited gets its turn in the second
            for (const auto& [id, who] : {std::pair{a, web}, std::pair{b, db_}}) {
                handOut(who);
                host.tasks.report(tenant, who, id, done('a'));
            }
        EXPECT_EQ(status(a), "success");
        EXPECT_EQ(status(b), "success");
    }
}

TEST_P(ResticFirstBackup, TheMarkStaysWithThePlace) {
    const auto disk = make(spec("disk", "/srv/disk"));
    EXPECT_TRUE(mayInitNow(web, disk));
    worked(disk, web);
    EXPECT_FALSE(mayInitNow(web, disk));
    here([&](Transaction& tx) { host.repositories.update(tx, disk, spec("disk", "/srv/other")); });
    EXPECT_TRUE(mayInitNow(web, disk)) << "another place";
    here([&](Transaction& tx) { host.repositories.update(tx, disk, spec("disk", "/srv/./disk//")); });
    EXPECT_FALSE(mayInitNow(web, disk)) << "there and back is where it was, in every spelling";
    here([&](Transaction& tx) {
        host.repositories.remove(tx, disk);
        EXPECT_EQ(
            tx.query("SELECT count(*) FROM restic_repository_places WHERE tenant_id = $1", {tx.tenant()})[0]
                .integer(0),
            1);
    });
    EXPECT_FALSE(mayInitNow(web, make(spec("again", "/srv/disk/")))) << "a new row for the old place";
}

TEST_P(ResticFirstBackup, EachMachineHasItsOwnDisk) {
    worked(store, web);
    EXPECT_FALSE(mayInitNow(web, store));
    EXPECT_TRUE(mayInitNow(db_, store)) << "the same path on another machine is another place";
}

TEST_P(ResticFirstBackup, ADeliberateNewStartIsPossible) {
    const auto disk = make(spec("disk", "/srv/disk"));
    worked(disk, web);
    const auto open = wanted(web, disk);
    const auto again = [&] {
        here([&](Transaction& tx) { host.repositories.startAnew(tx, disk, std::nullopt); });
    };
    EXPECT_EQ(errorOf(again).name(), "Conflict");
    host.tasks.cancel(tenant, open);
    again();
    EXPECT_TRUE(mayInitNow(web, disk));
    worked(store, web);
    EXPECT_EQ(
        errorOf([&] { here([&](Transaction& tx) { host.repositories.startAnew(tx, store, std::nullopt); }); })
            .details()
            .at(0)
            .pointer,
        "/agent_id");
}

TEST_P(ResticFirstBackup, OnePlaceHasOneRowAndOnePassword) {
    make(spec("disk", "/srv/disk"));
    for (const std::string path :
         {"/srv/disk", "/srv/disk/", "/srv//disk", "/srv/./disk", "/srv/x/../disk"}) {
        const auto refused = errorOf([&] { make(spec("second", path)); });
        EXPECT_EQ(refused.name(), "RepositoryAlreadyExists") << path;
        EXPECT_NE(std::string(refused.what()).find("\"disk\""), std::string::npos) << path;
    }
    auto elsewhere = spec("elsewhere", "/srv/disk");
    elsewhere.agent = db_;
    EXPECT_NO_THROW(make(elsewhere)) << "another machine's disk";
    EXPECT_EQ(errorOf([&] { make(spec("blank", "/srv/r ")); }).details().at(0).pointer, "/url");

    const auto inlined = [&](std::optional<std::string> password, std::optional<std::string> file = {}) {
        auto what = spec("/srv/disk", "/srv/disk/");
        what.password = std::move(password);
        what.passwordFile = std::move(file);
        return here([&](Transaction& tx) { return host.repositories.findOrCreate(tx, what).name; });
    };
    EXPECT_EQ(inlined(kSecret), "disk");
    EXPECT_EQ(errorOf([&] { inlined("another"); }).name(), "RepositoryAlreadyExists");
    EXPECT_EQ(errorOf([&] { inlined({}); }).name(), "RepositoryAlreadyExists");
    EXPECT_EQ(errorOf([&] { inlined({}, "/etc/password"); }).name(), "RepositoryAlreadyExists");
}

TEST_P(ResticFirstBackup, OneServersPlaceHasOneRowInEverySpelling) {
    const auto remote = [&](const std::string& name, const std::string& type, const std::string& url) {
        return restic::RepositorySpec{name, type, url, {}, {}, kSecret, {}, {}, {}};
    };
    const auto there = make(remote("remote", "rest", "rest:https://al.example.org/r/"));
    for (const std::string url :
         {"rest:https://AL.example.org:443/r/", "rest:https://al.example.org/q/../r"}) {
        const auto refused = errorOf([&] { make(remote("second", "rest", url)); });
        EXPECT_EQ(refused.name(), "RepositoryAlreadyExists") << url;
        EXPECT_NE(std::string(refused.what()).find("\"remote\""), std::string::npos) << url;
    }
    EXPECT_NO_THROW(make(remote("other port", "rest", "rest:https://al.example.org:8000/r/")));

    // The mark is of the place, and what restic is given is what was written.
    worked(there, web);
    here([&](Transaction& tx) {
        const auto moved = host.repositories.update(
            tx, there, remote("remote", "rest", "rest:https://AL.example.org:443/r/"));
        EXPECT_EQ(moved.url, "rest:https://AL.example.org:443/r/");
    });
    EXPECT_FALSE(mayInitNow(db_, there)) << "for every agent";
    here([&](Transaction& tx) { host.repositories.startAnew(tx, there, std::nullopt); });
    EXPECT_TRUE(mayInitNow(db_, there));
}

} // namespace
} // namespace test
