#include "base/errors.h"
#include "contract/base_fixture.h"

namespace test {

using base::SecretPlace;

class VaultContract : public BaseParts {
protected:
    SecretPlace place(std::string_view field = "password") {
        return {acme.id, "restic_repositories", row, field};
    }
    void put(const SecretPlace& where, const std::string& secret) {
        db.transact(TenantContext(where.tenant),
                    [&](Transaction& tx) { parts.vault->put(tx, where, secret); });
    }
    std::optional<std::string> get(base::Vault& vault, const SecretPlace& where) {
        return db.read(TenantContext(where.tenant), [&](Transaction& tx) { return vault.get(tx, where); });
    }
    base::TenantRow acme = tenant("acme");
    base::TenantRow other = tenant("other");
    Uuid row = newId();
};
BOTH_DATABASES(VaultContract);

TEST_P(VaultContract, KeepsReplacesAndErases) {
    const std::string secret("pass\0word\xff", 10);
    put(place(), secret);
    EXPECT_EQ(get(*parts.vault, place()), secret);
    put(place(), "second");
    put(place("cert"), "third");
    EXPECT_EQ(get(*parts.vault, place()), "second");
    EXPECT_EQ(get(*parts.vault, place("other")), std::nullopt);
    db.transact(TenantContext(acme.id), [&](Transaction& tx) {
        EXPECT_EQ(parts.vault->fields(tx, acme.id, "restic_repositories", row),
                  (std::vector<std::string>{"cert", "password"}));
        parts.vault->erase(tx, place("cert"));
        EXPECT_EQ(parts.vault->fields(tx, acme.id, "restic_repositories", row),
                  (std::vector<std::string>{"password"}));
        parts.vault->eraseRow(tx, acme.id, "restic_repositories", row);
        EXPECT_TRUE(parts.vault->fields(tx, acme.id, "restic_repositories", row).empty());
    });
}

TEST_P(VaultContract, StoresNothingReadableAndNoNonceTwice) {
    put(place(), "a readable secret");
    const auto read = [&] {
        return db.run(SystemContext("test"), {{"SELECT nonce, ciphertext FROM secrets"}}, false).at(0)[0];
    };
    const auto first = read();
    EXPECT_EQ(first.bytes(0).size(), 12U);
    EXPECT_EQ(first.bytes(1).size(), 17U + 16U);
    EXPECT_EQ(first.bytes(1).find("readable"), std::string::npos);
    put(place(), "a readable secret");
    EXPECT_NE(read().bytes(0), first.bytes(0));
    EXPECT_NE(read().bytes(1), first.bytes(1));
}

TEST_P(VaultContract, RolledBackWithItsRow) {
    EXPECT_THROW(db.transact(TenantContext(acme.id),
                             [&](Transaction& tx) {
                                 parts.vault->put(tx, place(), "x");
                                 throw std::runtime_error("no");
                             }),
                 std::runtime_error);
    EXPECT_EQ(get(*parts.vault, place()), std::nullopt);
}

TEST_P(VaultContract, TamperedRowDoesNotOpen) {
    put(place(), "secret");
    auto bytes = db.run(SystemContext("test"), {{"SELECT ciphertext FROM secrets"}}, false).at(0)[0].bytes(0);
    bytes[0] = static_cast<char>(bytes[0] ^ 1);
    db.run(SystemContext("test"), {{"UPDATE secrets SET ciphertext = $1", {Bytes{bytes}}}}, true);
    const auto error = errorOf([&] { get(*parts.vault, place()); });
    EXPECT_EQ(error.name(), "VaultSealed");
    EXPECT_NE(std::string(error.what()).find("changed or moved"), std::string::npos) << error.what();
}

TEST_P(VaultContract, MovedRowDoesNotOpen) {
    const auto moved = [&](const std::string& sql, const Params& params, const SecretPlace& where) {
        put(place(), "secret");
        db.run(SystemContext("test"), {{sql, params}}, true);
        EXPECT_EQ(errorOf([&] { get(*parts.vault, where); }).name(), "VaultSealed") << sql;
        db.run(SystemContext("test"), {{"DELETE FROM secrets"}}, true);
    };
    const auto elsewhere = newId();
    moved("UPDATE secrets SET field = 'cert'", {}, place("cert"));
    moved("UPDATE secrets SET owner_id = $1", {elsewhere},
          {acme.id, "restic_repositories", elsewhere, "password"});
    moved("UPDATE secrets SET owner_table = 'x'", {}, {acme.id, "x", row, "password"});
    moved("UPDATE secrets SET tenant_id = $1", {other.id},
          {other.id, "restic_repositories", row, "password"});
    moved("UPDATE secrets SET key_id = 'x'", {}, place());
}

TEST_P(VaultContract, AnotherKeyOpensNothingAndStopsTheStart) {
    base::Vault wrong(std::make_shared<base::KeyRing>(std::string(32, 'w')), clock);
    wrong.check(db); // a look seals nothing
    parts.vault->seal(db);
    parts.vault->seal(db); // again: the same key
    parts.vault->check(db);
    put(place(), "secret");
    EXPECT_EQ(errorOf([&] { wrong.seal(db); }).name(), "VaultSealed");
    const auto start = errorOf([&] { wrong.check(db); });
    EXPECT_EQ(start.name(), "VaultSealed");
    EXPECT_NE(std::string(start.what()).find("does not open the vault of this database"), std::string::npos);
    EXPECT_NE(std::string(start.what()).find("BACKUP_ENCRYPTION_KEY"), std::string::npos);
    const auto use = errorOf([&] { get(wrong, place()); });
    EXPECT_NE(std::string(use.what()).find("which this host does not have"), std::string::npos) << use.what();
    EXPECT_EQ(get(*parts.vault, place()), "secret");
}

TEST_P(VaultContract, TenantsDoNotReachEachOther) {
    put(place(), "secret");
    EXPECT_EQ(db.read(TenantContext(other.id),
                      [&](Transaction& tx) {
                          return parts.vault->get(tx, {other.id, "restic_repositories", row, "password"});
                      }),
              std::nullopt);
    if (postgres()) { // the second wall: even naming the other tenant finds nothing
        EXPECT_EQ(
            db.read(TenantContext(other.id), [&](Transaction& tx) { return parts.vault->get(tx, place()); }),
            std::nullopt);
    }
}

TEST_P(VaultContract, GoesWithItsTenant) {
    put(place(), "secret");
    system([&](Transaction& tx) { parts.tenants->remove(tx, acme.id); });
    EXPECT_EQ(db.run(SystemContext("test"), {{"SELECT count(*) FROM secrets"}}, false).at(0)[0].integer(0),
              0);
}

} // namespace test
