#include "repositories/recovery_kit.h"

#include <algorithm>
#include <set>

#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"

namespace restic {

using core::db::Transaction;
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

namespace {
constexpr const char* kTarget = "/srv/restored";

std::string exported(const std::string& variable, const std::string& value) {
    return "export " + variable + "=" + quotedForShell(value);
}
/// Typed without being seen, and kept out of the shell's history.
std::string asked(const std::string& variable) {
    return "read -rsp '" + variable + ": ' " + variable + " && export " + variable + " && echo";
}

/// The variables and secrets of the kind's fields; the values of its options.
protocol::RepositoryValues addFields(const protocol::RepositoryKind& kind, const Repository& repository,
                                     RecoveryKit& kit) {
    static const core::json::Object kNone;
    const auto* given = repository.config.object();
    const auto read = protocol::readConfig(kind, given != nullptr ? *given : kNone, protocol::Address::known);
    const auto config = read ? read.value() : protocol::RepositoryConfig();
    auto values = config.values;
    for (const auto& field : kind.fields) {
        const auto value = config.values.find(field.name);
        if (!field.secret) {
            if (!field.variable.empty() && value != config.values.end())
                kit.prepare.push_back(exported(field.variable, value->second));
            continue;
        }
        const auto file = config.files.find(field.name);
        const bool kept = std::find(repository.secretFields.begin(), repository.secretFields.end(),
                                    field.name) != repository.secretFields.end();
        if (!kept && file == config.files.end())
            continue;
        SecretToHave secret{field.variable, field.doc, std::nullopt, std::nullopt};
        if (file != config.files.end())
            secret.onMachine = file->second;
        if (field.asFile) {
            secret.file = "./" + field.name;
            values[field.name] = *secret.file;
            if (!field.variable.empty())
                kit.prepare.push_back("export " + field.variable + "=\"$PWD/" + field.name + "\"");
            kit.prepare.push_back("chmod 600 " + *secret.file);
        } else {
            kit.prepare.push_back(asked(field.variable));
        }
        kit.secrets.push_back(std::move(secret));
    }
    return values;
}

/// The newest snapshot of each machine and what it saves; dumps of databases have a way of their own.
std::vector<Recoverable> recoverableOf(Transaction& tx, const Repository& repository,
                                       const std::string& restic) {
    std::vector<Recoverable> out;
    for (const auto& row :
         tx.query("SELECT s.hostname, s.paths, s.snapshot_id, s.time_us FROM restic_snapshots s WHERE "
                  "s.tenant_id = $1 AND s.repository_id = $2 AND s.removed_at_us IS NULL AND s.own_dump = $3 "
                  "AND NOT EXISTS (SELECT 1 FROM restic_snapshots n WHERE n.tenant_id = s.tenant_id AND "
                  "n.repository_id = s.repository_id AND n.removed_at_us IS NULL AND n.own_dump = $3 AND "
                  "COALESCE(n.hostname, '') = COALESCE(s.hostname, '') AND n.paths = s.paths AND "
                  "(n.time_us, n.id) > (s.time_us, s.id)) ORDER BY s.time_us DESC, s.id DESC LIMIT " +
                      std::to_string(RecoveryKit::kMostRecoverable),
                  {tx.tenant(), repository.id, false})) {
        Recoverable one;
        one.host = row.optionalText(0);
        const auto paths = row.json(1);
        if (paths.array() != nullptr)
            for (const auto& path : *paths.array())
                if (path.string() != nullptr)
                    one.paths.push_back(*path.string());
        one.snapshotId = row.text(2);
        one.time = row.instant(3);
        one.command = restic + " restore " + one.snapshotId.substr(0, 8) + " --target " + kTarget;
        out.push_back(std::move(one));
    }
    return out;
}
} // namespace

std::string quotedForShell(const std::string& word) {
    std::string out = "'";
    for (const char letter : word)
        out += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return out + "'";
}

RecoveryKit RecoveryKit::of(Transaction& tx, const Repository& repository) {
    RecoveryKit kit;
    kit.repositoryId = repository.id;
    kit.name = repository.name;
    kit.type = repository.type;
    kit.url = repository.url;
    kit.passwordFile = repository.passwordFile;
    kit.passwordInVault = !repository.passwordFile;
    kit.prepare.push_back(exported("RESTIC_REPOSITORY", repository.url));
    for (const auto& [name, value] : repository.environment)
        kit.prepare.push_back(exported(name, value));
    std::string restic = "restic";
    if (const auto* kind = protocol::findRepositoryKind(repository.type)) {
        const auto values = addFields(*kind, repository, kit);
        if (kind->options != nullptr)
            for (const auto& option : kind->options(values))
                restic += " -o " + quotedForShell(option);
    }
    if (repository.certFile)
        kit.prepare.push_back(exported("RESTIC_CACERT", *repository.certFile));
    kit.list = restic + " snapshots";
    kit.restoreLatest = restic + " restore latest --target " + kTarget;
    kit.recoverable = recoverableOf(tx, repository, restic);
    return kit;
}

const Type& wireType(const SecretToHave*) {
    static const auto type =
        object<SecretToHave>("SecretToHave", tolerant, "A secret that whoever restores has to have")
            .field("variable", &SecretToHave::variable,
                   {.doc = "In which restic takes it; empty: an option names its file"})
            .field("doc", &SecretToHave::doc)
            .field("file", &SecretToHave::file, {.doc = "The file beside the commands into which it belongs"})
            .field("on_machine", &SecretToHave::onMachine, {.doc = "Where the agents' machines have it"})
            .build();
    return type;
}

const Type& wireType(const Recoverable*) {
    static const auto type =
        object<Recoverable>("Recoverable", tolerant, "The newest snapshot of what a machine saves there")
            .field("host", &Recoverable::host)
            .field("paths", &Recoverable::paths)
            .field("snapshot_id", &Recoverable::snapshotId)
            .field("time", &Recoverable::time)
            .field("command", &Recoverable::command)
            .build();
    return type;
}

const Type& wireType(const RecoveryKit*) {
    static const auto type =
        object<RecoveryKit>("RecoveryKit", tolerant,
                            "What is needed to restore from a repository with restic alone; no secret")
            .field("repository_id", &RecoveryKit::repositoryId)
            .field("name", &RecoveryKit::name)
            .field("type", &RecoveryKit::type)
            .field("url", &RecoveryKit::url)
            .field("password_in_vault", &RecoveryKit::passwordInVault,
                   {.doc = "This server has the password; false: it is in a file of the agents' machines"})
            .field("password_file", &RecoveryKit::passwordFile)
            .field("secrets", &RecoveryKit::secrets)
            .field("prepare", &RecoveryKit::prepare, {.doc = "Commands for bash, before the others"})
            .field("list", &RecoveryKit::list)
            .field("restore_latest", &RecoveryKit::restoreLatest)
            .field("recoverable", &RecoveryKit::recoverable)
            .build();
    return type;
}

} // namespace restic
