#include <gmock/gmock.h>

#include "contract/restic_fixture.h"
#include "repositories/recovery_kit.h"
#include "snapshots/snapshot_store.h"

/// What somebody needs who has lost this server: everything but the secrets.
namespace test {
namespace {
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ResticRecoveryKits : public ResticParts {
protected:
    Uuid create(restic::RepositorySpec spec) {
        spec.password = kSecret;
        return here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
    }
    restic::RecoveryKit kitOf(const Uuid& id) {
        return here(
            [&](Transaction& tx) { return restic::RecoveryKit::of(tx, host.repositories.get(tx, id)); });
    }
    void save(const Uuid& repository, char digit, const std::string& machine, const std::string& path) {
        clock.advance(1h);
        restic::Snapshot made;
        made.id = Uuid::generate(clock.now());
        made.repository = repository;
        made.snapshotId = std::string(64, digit);
        made.shortId = std::string(8, digit);
        made.time = clock.now();
        made.hostname = machine;
        made.paths = {path};
        here([&](Transaction& tx) { restic::SnapshotStore::insert(tx, made, clock.now()); });
    }
};
BOTH_DATABASES(ResticRecoveryKits);

TEST_P(ResticRecoveryKits, NameThePlaceAndAskForTheSecrets) {
    restic::RepositorySpec spec;
    spec.name = "it's ours";
    spec.type = "s3";
    spec.config = core::json::Object{{"bucket", "backups"},
                                     {"region", "eu-central-1"},
                                     {"access_key_id", "THE-ID"},
                                     {"secret_access_key", "the secret of s3"}};
    const auto kit = kitOf(create(spec));
    EXPECT_EQ(kit.url, "s3:s3.amazonaws.com/backups");
    EXPECT_TRUE(kit.passwordInVault);
    EXPECT_THAT(kit.prepare, Contains("export RESTIC_REPOSITORY='s3:s3.amazonaws.com/backups'"));
    EXPECT_THAT(kit.prepare, Contains("export AWS_ACCESS_KEY_ID='THE-ID'"));
    EXPECT_THAT(kit.prepare, Contains(HasSubstr("read -rsp 'AWS_SECRET_ACCESS_KEY: '")));
    ASSERT_EQ(kit.secrets.size(), 1U);
    EXPECT_EQ(kit.secrets[0].variable, "AWS_SECRET_ACCESS_KEY");
    const auto written = core::json::write(core::wire::toJson(kit));
    EXPECT_THAT(written, Not(HasSubstr("the secret of s3")));
    EXPECT_THAT(written, Not(HasSubstr(kSecret)));
}

TEST_P(ResticRecoveryKits, SayWhichFilesTheSecretsAre) {
    restic::RepositorySpec spec;
    spec.name = "far";
    spec.type = "sftp";
    spec.config = core::json::Object{{"host", "backup.example"},
                                     {"user", "restic"},
                                     {"path", "/srv/it's"},
                                     {"key_file", "/etc/restic/key"}};
    const auto kit = kitOf(create(spec));
    ASSERT_EQ(kit.secrets.size(), 1U);
    EXPECT_EQ(kit.secrets[0].file, "./key");
    EXPECT_EQ(kit.secrets[0].onMachine, "/etc/restic/key");
    EXPECT_THAT(kit.prepare,
                Contains("export RESTIC_REPOSITORY='sftp://restic@backup.example//srv/it'\\''s'"));
    EXPECT_THAT(kit.list, HasSubstr("-i '\\''./key'\\''"));
    EXPECT_THAT(kit.list, testing::EndsWith(" snapshots"));
}

TEST_P(ResticRecoveryKits, ListWhatEachMachineSavedLast) {
    restic::RepositorySpec spec;
    spec.name = "disk";
    spec.type = "rest";
    spec.url = "rest:https://store.example/";
    const auto id = create(spec);
    save(id, 'a', "web-01", "/home");
    save(id, 'b', "web-01", "/home");
    save(id, 'c', "web-01", "/etc");
    save(id, 'd', "db-01", "/home");
    std::vector<std::string> commands;
    const auto kit = kitOf(id);
    for (const auto& one : kit.recoverable)
        commands.push_back(one.command);
    EXPECT_THAT(commands, ElementsAre("restic restore dddddddd --target /srv/restored",
                                      "restic restore cccccccc --target /srv/restored",
                                      "restic restore bbbbbbbb --target /srv/restored"));
}

} // namespace
} // namespace test
