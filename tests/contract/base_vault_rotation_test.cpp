#include <set>

#include <sys/stat.h>

#include "base/errors.h"
#include "contract/base_fixture.h"
#include "vault/keys.h"

namespace test {

using base::KeyRing;
using base::Vault;
using base::VaultRotation;

/// The vault goes over to another key while hosts use it.
class VaultRotationContract : public BaseParts {
protected:
    static inline const std::string kOwn{std::string(32, 'v')}, kOther{std::string(32, 'w')};
    static constexpr int kSecrets = 230; // more than two batches

    void SetUp() override {
        std::filesystem::create_directory(folder);
        base::writeKey(folder / "encryption-key", kOwn);
        parts.vault->seal(db);
        for (int i = 0; i < kSecrets; ++i)
            put(*parts.vault, i);
    }
    base::SecretPlace place(int i) {
        return {acme.id, "restic_repositories", rows.at(static_cast<std::size_t>(i)), "p"};
    }
    void put(Vault& vault, int i, const std::string& secret = {}) {
        if (rows.size() == static_cast<std::size_t>(i))
            rows.push_back(newId());
        db.transact(TenantContext(acme.id), [&](Transaction& tx) {
            vault.put(tx, place(i), secret.empty() ? "secret " + std::to_string(i) : secret);
        });
    }
    std::string get(Vault& vault, int i) {
        return db.read(TenantContext(acme.id), [&](Transaction& tx) { return vault.get(tx, place(i)); })
            .value_or("none");
    }
    /// All secrets open with that vault.
    void expectAllOpen(Vault& vault) {
        for (int i = 0; i < kSecrets; ++i)
            ASSERT_EQ(get(vault, i), "secret " + std::to_string(i));
    }
    std::set<std::string> keysInUse() {
        std::set<std::string> ids;
        const auto found =
            db.run(SystemContext("test"), {{"SELECT DISTINCT key_id FROM secrets"}}, false).at(0);
        for (const auto& row : found)
            ids.insert(row.text(0));
        return ids;
    }
    /// A host that starts now, by its files.
    std::shared_ptr<KeyRing> ringOfFiles() {
        return std::make_shared<KeyRing>(base::findKey(folder, "encryption-key").value(),
                                         std::vector<std::string>{}, folder);
    }
    VaultRotation::Result rotate(const std::function<void(std::int64_t)>& progress = [](std::int64_t) {}) {
        const auto ring = ringOfFiles();
        const Vault vault(ring, clock);
        return VaultRotation(db, *ring, vault, false)
            .run(owing("base.vault.rotated", std::nullopt), progress);
    }
    /// The same with a key that is there: on PostgreSQL the first run only makes it.
    VaultRotation::Result rotatePrepared() {
        if (!postgres())
            return rotate();
        const auto before = Vault::sealedBy(db);
        const auto prepared = rotate();
        EXPECT_TRUE(prepared.prepared && std::filesystem::exists(*prepared.prepared));
        EXPECT_EQ(Vault::sealedBy(db), before) << "nothing goes over before every host has the key";
        return rotate();
    }

    base::TenantRow acme = tenant("acme");
    std::filesystem::path folder = dataDir.path() / "keys";
    std::vector<Uuid> rows;
};
BOTH_DATABASES(VaultRotationContract);

TEST_P(VaultRotationContract, SealsEverythingAnewWhileHostsGoOn) {
    const auto result = rotatePrepared();
    EXPECT_FALSE(result.prepared);
    EXPECT_EQ(result.resealed, kSecrets);
    EXPECT_TRUE(result.unreadable.empty());
    EXPECT_EQ(result.before, KeyRing::idOf(kOwn));
    EXPECT_EQ(keysInUse(), std::set{result.key});
    EXPECT_NE(result.key, result.before);

    // A host that started before has only the old key in memory; it finds the new one in the folder.
    expectAllOpen(*parts.vault);
    put(*parts.vault, 0, "a new one");
    EXPECT_EQ(keysInUse(), std::set{result.key}) << "nobody seals with the old key any more";
    Vault later(ringOfFiles(), clock);
    later.check(db);
    EXPECT_EQ(get(later, 0), "a new one");
    EXPECT_EQ(get(later, 1), "secret 1");

    // The files changed places, and all of them are private.
    EXPECT_EQ(KeyRing::idOf(base::findKey(folder, "encryption-key").value()), result.key);
    EXPECT_EQ(base::findKey(folder, "encryption-key." + result.before + ".old"), kOwn);
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        struct stat info {};
        ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600U) << file.path();
    }
    // And once more, to a third key.
    const auto again = rotatePrepared();
    EXPECT_EQ(again.before, result.key);
    EXPECT_EQ(keysInUse(), std::set{again.key});
}

TEST_P(VaultRotationContract, GoesOnWhereverItWasInterrupted) {
    struct Killed {};
    const auto expectUsable = [&](const char* where) {
        SCOPED_TRACE(where);
        Vault started(ringOfFiles(), clock);
        started.check(db);
        expectAllOpen(started);
        expectAllOpen(*parts.vault);
    };
    // Nothing but the new key's file is there.
    const auto fresh = base::makeKey();
    const auto id = KeyRing::idOf(fresh);
    base::writeKey(folder / ("encryption-key." + id), fresh);
    expectUsable("made");
    // In the middle of the secrets.
    EXPECT_THROW(rotate([](std::int64_t) { throw Killed(); }), Killed);
    EXPECT_EQ(Vault::sealedBy(db), id) << "the key that lay there was taken";
    EXPECT_EQ(keysInUse().size(), 2U);
    expectUsable("between two batches");
    put(*parts.vault, 5, "secret 5");
    // Between the two names of the old key and the new one's place.
    base::linkPrivateFile(folder / "encryption-key",
                          folder / ("encryption-key." + KeyRing::idOf(kOwn) + ".old"));
    expectUsable("linked");
    const auto result = rotate();
    EXPECT_EQ(result.key, id);
    EXPECT_LT(result.resealed, kSecrets);
    EXPECT_EQ(keysInUse(), std::set{id});
    EXPECT_EQ(base::findKey(folder, "encryption-key"), fresh);
    expectUsable("at the end");
}

TEST_P(VaultRotationContract, OfTwoAtOnceOneChangesTheKey) {
    const auto ring = ringOfFiles();
    const Vault vault(ring, clock);
    const auto change = [&](const std::string& to) {
        base::writeKey(folder / ("encryption-key." + KeyRing::idOf(to)), to);
        return db.transact(owing("base.vault.rotated", std::nullopt), [&](Transaction& tx) {
            return vault.changeKey(tx, KeyRing::idOf(kOwn), KeyRing::idOf(to));
        });
    };
    EXPECT_TRUE(change(base::makeKey()));
    EXPECT_FALSE(change(base::makeKey()));
}

TEST_P(VaultRotationContract, KeysOfTheSettingsAreGivenToEveryHostFirst) {
    const auto rotateTo = [&](const std::string& own, std::vector<std::string> before) {
        const auto ring = std::make_shared<KeyRing>(own, std::move(before));
        const Vault vault(ring, clock);
        return VaultRotation(db, *ring, vault, true)
            .run(owing("base.vault.rotated", std::nullopt), [](std::int64_t) {});
    };
    const auto needless = errorOf([&] { rotateTo(kOwn, {}); });
    EXPECT_EQ(needless.name(), "Conflict");
    EXPECT_NE(std::string(needless.what()).find("BACKUP_ENCRYPTION_KEY_BEFORE"), std::string::npos);
    EXPECT_EQ(errorOf([&] { rotateTo(kOther, {}); }).name(), "VaultSealed") << "without the key before";

    Vault late(std::make_shared<KeyRing>(kOwn), clock); // a host that nobody gave the new key
    EXPECT_EQ(rotateTo(kOther, {kOwn}).resealed, kSecrets);
    const auto refused = errorOf([&] { put(late, 0, "lost?"); });
    EXPECT_EQ(refused.name(), "VaultSealed") << "it seals nothing with a key that is gone";
    EXPECT_NE(std::string(refused.what()).find(KeyRing::idOf(kOther)), std::string::npos);
    Vault fresh(std::make_shared<KeyRing>(kOther), clock);
    fresh.check(db);
    expectAllOpen(fresh);
    EXPECT_EQ(base::findKey(folder, "encryption-key"), kOwn) << "no file is touched";
}

TEST_P(VaultRotationContract, WhatDoesNotOpenIsNamedAndStopsNothing) {
    db.run(SystemContext("test"), {{"UPDATE secrets SET key_id = 'lost' WHERE owner_id = $1", {rows[7]}}},
           true);
    const auto result = rotatePrepared();
    EXPECT_EQ(result.resealed, kSecrets - 1);
    ASSERT_EQ(result.unreadable.size(), 1U);
    EXPECT_EQ(result.unreadable[0], "p of restic_repositories " + rows[7].toString());
    Vault later(ringOfFiles(), clock);
    EXPECT_EQ(get(later, 8), "secret 8");
}

} // namespace test
