#include "import/v0_import.h"

#include <algorithm>
#include <map>
#include <set>

#include <Poco/String.h>
#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/encoding.h"
#include "core/text.h"
#include "field_rules.h"
#include "import/host_file.h"
#include "import/imported_checks.h"
#include "import/v0_rows.h"
#include "policies/policy_service.h"
#include "policies/target_store.h"
#include "polling/probe_store.h"
#include "repositories/place.h"
#include "restic/protocol/password_rule.h"
#include "snapshots/snapshot_store.h"

namespace restic {

namespace fs = std::filesystem;
using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
constexpr auto kSchedule = "0 2 * * *";
constexpr std::size_t kLongestName = 255;

/// Ends a unit of work that was only a try.
struct OnlyATry {};

/// The same for the same name in the same tenant at every import: what was imported is known by it, however
/// people have called it since.
Uuid derivedId(const Uuid& tenant, std::string_view what, const std::string& name) {
    auto bytes = core::sha256(core::joinWithLengths({"restic v0 import", tenant.toString(), what, name}))
                     .substr(0, 16);
    constexpr int kVersion = 6;
    constexpr int kVariant = 8;
    bytes[kVersion] = static_cast<char>((bytes[kVersion] & 0x0f) | 0x80);
    bytes[kVariant] = static_cast<char>((bytes[kVariant] & 0x3f) | 0x80);
    auto text = core::hexEncode(bytes);
    for (const std::size_t at : {20U, 16U, 12U, 8U})
        text.insert(at, "-");
    return Uuid::parse(text).value();
}

/// The text with at most so many bytes, and no half of a character at its end.
std::string shortened(std::string text, std::size_t most) {
    if (text.size() <= most)
        return text;
    text.resize(most);
    while (!text.empty() && !core::isUtf8(text))
        text.pop_back();
    return text;
}

/// The name, or the first one with a number behind it that is free.
template <typename Taken>
std::string freeName(const std::string& wanted, Taken taken) {
    constexpr std::size_t kRoomForNumber = 8;
    auto name = shortened(wanted, kLongestName);
    for (int i = 2; taken(name); ++i)
        name = fmt::format("{} ({})", shortened(wanted, kLongestName - kRoomForNumber), i);
    return name;
}

std::int64_t idOr(const V0Row& row, std::int64_t place) {
    return core::json::Value(row).integerOr("id", place);
}
} // namespace

/// One unit of work.
class V0Import::Work {
public:
    Work(const V0Import& parts, Transaction& tx, V0Source& source, const fs::path& file,
         const Options& options)
        : parts_(parts), tx_(tx), source_(source), folder_(fs::absolute(file).parent_path()),
          options_(options), now_(parts.clock_.now()) {
        report.tenant = tx.tenant();
        report.file = file.string();
        report.kind = source.kind();
        report.dryRun = options.dryRun;
    }

    void run() {
        const auto rows = source_.targets();
        report.found = static_cast<std::int64_t>(rows.size());
        report.orphans = source_.orphans();
        // From here to the end of the unit of work nobody else makes one more.
        mostPolicies_ = parts_.limits_->getForCreation(tx_, tx_.tenant()).policies;
        policies_ = PolicyStore::count(tx_);
        std::set<std::string> names;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto place = idOr(rows[i], static_cast<std::int64_t>(i) + 1);
            const auto target = readV0Target(rows[i]);
            if (!target)
                refuse(place, core::json::Value(rows[i]).stringOr("name"), target.error().what());
            else if (!names.insert(target.value().name).second)
                refuse(place, target.value().name, "another row of the file has the same name");
            else
                take(place, target.value());
        }
    }

    ImportReport report;

private:
    /// What is known of the snapshots of a repository, by their ids as they are kept: whole, or the first
    /// eight digits.
    struct KnownSnapshot {
        bool removed = false;
        bool isNew = false; ///< of this import
    };
    using KnownSnapshots = std::map<std::string, KnownSnapshot>;

    void refuse(std::int64_t row, const std::string& name, const std::string& why,
                const std::string& table = "targets") {
        constexpr std::size_t kShown = 100;
        report.add({table, row, core::printable(shortened(core::toUtf8(name), kShown)), why});
    }

    void take(std::int64_t row, const V0Target& v0) {
        const auto address = readV0Address(v0.repository, folder_);
        if (!address) {
            refuse(row, v0.name, address.error().what());
            return;
        }
        ImportedTarget became;
        became.name = v0.name;
        became.id = v0.id;
        const auto id = derivedId(tx_.tenant(), "target", v0.name);
        try {
            auto spec = specOf(v0, address.value());
            auto known = TargetStore::find(tx_, id);
            if (!known && wasImported(v0.name)) {
                became.notes.emplace_back("It was imported before and removed since; it stays removed.");
                report.targets.push_back(std::move(became));
                return;
            }
            const auto atPlace = parts_.repositories_.findAt(tx_, spec);
            if (!known)
                if (const auto named = TargetStore::findByName(tx_, v0.name)) {
                    if (!atPlace || named->repository != atPlace->id) {
                        refuse(row, v0.name,
                               "a target of this name is there already, with another repository. Rename one "
                               "of them");
                        return;
                    }
                    known = named;
                }
            if (known) {
                complete(row, v0, spec, *known, atPlace, became);
            } else {
                if (address.value().wasRelative)
                    became.notes.push_back("Its repository was a relative path, taken from the folder of the "
                                           "file. Correct the repository if v0 ran in another one.");
                known = make(row, v0, spec, address.value(), atPlace, id, became);
            }
            addHistory(v0, *known, atPlace, became);
            report.targets.push_back(std::move(became));
        } catch (const core::Error& error) {
            if (error.name() != core::errors::kValidation.name)
                throw;
            refuse(row, v0.name, sentenceOf(error));
        }
    }

    static std::string sentenceOf(const core::Error& error) {
        std::string all;
        for (const auto& problem : error.details())
            all += (all.empty() ? "repository " : "; ") +
                   (problem.pointer.size() > 1 ? problem.pointer.substr(1) + " " : "") + problem.message;
        return all.empty() ? error.what() : all;
    }

    bool wasImported(const std::string& name) {
        return !tx_.query("SELECT 1 FROM restic_policies WHERE tenant_id = $1 AND id = $2",
                          {tx_.tenant(), derivedId(tx_.tenant(), "policy", name)})
                    .empty();
    }

    /// A file that v0 named, as this machine knows it.
    [[nodiscard]] std::string onThisHost(const std::string& path) const {
        return (path.front() == '/' ? fs::path(path) : folder_ / path).lexically_normal().string();
    }

    RepositorySpec specOf(const V0Target& v0, const V0Address& address) const {
        RepositorySpec spec;
        spec.name = v0.name;
        spec.type = address.kind->name;
        spec.url = address.url;
        if (!address.config.empty())
            spec.config = address.config;
        spec.mayLackPassword = true;
        return spec;
    }

    /// The password that the vault is to keep, if v0 says one.
    std::optional<std::string> passwordOf(std::int64_t row, const V0Target& v0) {
        if (v0.password) {
            if (const auto problem = protocol::checkRepositoryPassword(*v0.password)) {
                refuse(row, v0.name, "password " + *problem + ". The target has none now");
                return std::nullopt;
            }
            return v0.password;
        }
        if (!options_.readPasswordFiles || !v0.passwordFile)
            return std::nullopt;
        const auto read = readPasswordFile(onThisHost(*v0.passwordFile));
        if (!read) {
            refuse(row, v0.name, std::string(read.error().what()) + ". The target has none now");
            return std::nullopt;
        }
        return read.value();
    }

    /// A path on this host for a repository's row; one that cannot be one is reported.
    std::optional<std::string> fileOf(std::int64_t row, const V0Target& v0, const char* what,
                                      const std::optional<std::string>& path) {
        if (!path)
            return std::nullopt;
        auto file = onThisHost(*path);
        if (const auto problem = checkAbsolute(file)) {
            refuse(row, v0.name, fmt::format("{} {}. It is left out", what, *problem));
            return std::nullopt;
        }
        return file;
    }

    Target make(std::int64_t row, const V0Target& v0, RepositorySpec spec, const V0Address& address,
                std::optional<Repository> repository, const Uuid& id, ImportedTarget& became) {
        if (repository) {
            addPassword(row, v0, *repository, became);
        } else {
            spec.name =
                freeName(v0.name, [&](const auto& name) { return RepositoryStore::findByName(tx_, name); });
            spec.password = passwordOf(row, v0);
            if (!v0.password && !options_.readPasswordFiles)
                spec.passwordFile = fileOf(row, v0, "password_file", v0.passwordFile);
            spec.certFile = fileOf(row, v0, "certificate_file", v0.certFile);
            repository = parts_.repositories_.create(tx_, spec);
            ++report.newRepositories;
        }
        if (!v0.password && !v0.passwordFile && !repository->passwordFile &&
            !parts_.repositories_.hasPassword(tx_, repository->id))
            became.notes.emplace_back("It has no password: give the repository one.");
        became.repository = repository->name;
        became.repositoryType = address.kind->name;
        became.repositoryUrl = repository->url;

        const auto agent = agentOf(v0);
        became.agent = agent.hostname;
        became.placeholder = agent.isPlaceholder();
        const auto policy = policyOf(v0, *repository);
        became.policy = policy.name;
        if (policy.includePaths.empty())
            became.notes.emplace_back("Nothing says which paths it saves: give its policy some before you "
                                      "adopt it.");
        PolicyStore::link(tx_, agent.id, policy.id, now_, std::nullopt);

        const Target target{id,        v0.name,     "direct", repository->id, agent.id,
                            policy.id, v0.disabled, {},       now_,           now_};
        TargetStore::insert(tx_, target);
        ProbeStore::plan(tx_, id, now_);
        if (target.disabled)
            ProbeStore::rest(tx_, id);
        became.isNew = true;
        ++report.newTargets;
        return target;
    }

    Agent agentOf(const V0Target& v0) {
        const auto hostname = hostNameOf(v0);
        if (auto there = AgentStore::findByHostname(tx_, hostname))
            return *there;
        Agent agent;
        agent.id = Uuid::generate(now_);
        agent.tenant = tx_.tenant();
        agent.hostname = hostname;
        agent.os = agent.arch = "unknown";
        agent.version = Agent::kPlaceholderVersion;
        agent.status = "offline";
        core::json::Object metadata{{"migrated_from", "v0_target"}};
        if (v0.id)
            metadata.set("target_id", *v0.id);
        agent.metadata = std::move(metadata);
        agent.createdAt = agent.updatedAt = now_;
        AgentStore::insert(tx_, agent);
        ++report.newAgents;
        return agent;
    }

    Policy policyOf(const V0Target& v0, const Repository& repository) {
        base::TenantLimits::require(policies_++, mostPolicies_, "policies");
        constexpr std::string_view kBehind = " Policy";
        Policy policy;
        policy.id = derivedId(tx_.tenant(), "policy", v0.name);
        policy.tenant = tx_.tenant();
        policy.name = freeName(shortened(v0.name, kLongestName - kBehind.size()) + std::string(kBehind),
                               [&](const auto& name) {
                                   return !PolicyStore::list(tx_, {name, {}}, {}).empty();
                               });
        policy.schedule = kSchedule;
        policy.retention = v0.retention.value_or(parts_.policies_.defaultRetention());
        policy.includePaths = newestPaths(v0);
        policy.repository = repository.id;
        policy.awaitingAdoption = true;
        policy.createdAt = policy.updatedAt = now_;
        PolicyStore::insert(tx_, policy);
        ++report.newPolicies;
        return policy;
    }

    /// Those of the newest snapshot that can be backed up again.
    std::vector<std::string> newestPaths(const V0Target& v0) {
        std::optional<V0Snapshot> newest;
        for (auto& snapshot : readSnapshots(v0, nullptr))
            if (!newest || newest->time < snapshot.time)
                newest = std::move(snapshot);
        std::vector<std::string> paths;
        if (newest)
            std::copy_if(newest->paths.begin(), newest->paths.end(), std::back_inserter(paths),
                         [](const auto& path) { return !path.empty() && !checkAbsolute(path); });
        return paths;
    }

    /// What is there stays as people have it; only a password that was missing, or was in a file that is to
    /// be read, comes into the vault.
    void complete(std::int64_t row, const V0Target& v0, const RepositorySpec&, const Target& known,
                  const std::optional<Repository>& atPlace, ImportedTarget& became) {
        if (atPlace && known.repository == atPlace->id)
            addPassword(row, v0, *atPlace, became);
        if (known.name != v0.name)
            became.notes.push_back("It is called \"" + core::printable(known.name) + "\" now.");
    }

    void addPassword(std::int64_t row, const V0Target& v0, const Repository& repository,
                     ImportedTarget& became) {
        const bool fromFile = !v0.password && options_.readPasswordFiles && v0.passwordFile &&
                              repository.passwordFile == onThisHost(*v0.passwordFile);
        const bool has = repository.passwordFile || parts_.repositories_.hasPassword(tx_, repository.id);
        if (has && !fromFile)
            return;
        if (const auto password = passwordOf(row, v0)) {
            parts_.repositories_.keepPassword(tx_, repository, *password);
            became.notes.push_back("The password of the repository \"" + repository.name +
                                   "\" is in the vault now.");
        }
    }

    /// Rows that make no sense are reported, with a report to do so.
    std::vector<V0Snapshot> readSnapshots(const V0Target& v0, ImportedTarget* became) {
        std::vector<V0Snapshot> all;
        if (!v0.id)
            return all;
        const auto history = source_.snapshots(*v0.id);
        for (const auto& row : history.rows) {
            auto snapshot = readV0Snapshot(row);
            if (snapshot)
                all.push_back(std::move(snapshot).value());
            else if (became != nullptr)
                refuse(idOr(row, 0), v0.name, snapshot.error().what(), "snapshots");
        }
        if (became != nullptr && history.leftOut > 0)
            became->notes.push_back(fmt::format("{} older snapshots are left out.", history.leftOut));
        return all;
    }

    KnownSnapshots& knownOf(const Uuid& repository) {
        const auto [at, isNew] = known_.try_emplace(repository);
        if (isNew)
            for (const auto& row : tx_.query("SELECT snapshot_id, removed_at_us IS NOT NULL FROM "
                                             "restic_snapshots WHERE tenant_id = $1 AND repository_id = $2",
                                             {tx_.tenant(), repository}))
                at->second.emplace(row.text(0), KnownSnapshot{row.boolean(1)});
        return at->second;
    }

    static KnownSnapshot* find(KnownSnapshots& known, const std::string& id) {
        constexpr std::size_t kShort = 8;
        if (const auto same = known.find(id); same != known.end())
            return &same->second;
        if (id.size() > kShort) {
            const auto begun = known.find(id.substr(0, kShort));
            return begun != known.end() ? &begun->second : nullptr;
        }
        const auto whole = known.lower_bound(id);
        return whole != known.end() && whole->first.starts_with(id) ? &whole->second : nullptr;
    }

    void addHistory(const V0Target& v0, const Target& target, const std::optional<Repository>& atPlace,
                    ImportedTarget& became) {
        // A repository that was looked at says itself what is in it, and one that was moved has another past.
        const bool moved = !became.isNew && (!atPlace || target.repository != atPlace->id);
        const auto snapshots = readSnapshots(v0, &became);
        if (target.repository && !moved && (became.isNew || !wasSeen(target)))
            addSnapshots(target, snapshots, became);
        addChecks(v0, target, became);
    }

    bool wasSeen(const Target& target) {
        return target.mode != "direct" ||
               !tx_.query(
                       "SELECT 1 FROM restic_target_probes WHERE tenant_id = $1 AND target_id = $2 AND kind "
                       "= 'snapshots' AND good_at_us IS NOT NULL",
                       {tx_.tenant(), target.id})
                    .empty();
    }

    void addSnapshots(const Target& target, const std::vector<V0Snapshot>& snapshots,
                      ImportedTarget& became) {
        auto& known = knownOf(*target.repository);
        std::set<const KnownSnapshot*> counted;
        std::int64_t more = 0;
        const V0Snapshot* newest = nullptr;
        for (const auto& v0 : snapshots) {
            auto* there = find(known, v0.snapshotId);
            const bool isNew = there == nullptr;
            if (isNew) {
                there = &known.emplace(v0.snapshotId, KnownSnapshot{false, true}).first->second;
                insert(target, v0);
                ++became.snapshots;
            }
            // Two targets of one repository have the same snapshots, and each counts them.
            const bool counts = became.isNew ? !there->removed : there->isNew;
            if (!counts || !counted.insert(there).second)
                continue;
            ++more;
            if (newest == nullptr || newest->time < v0.time)
                newest = &v0;
        }
        report.newSnapshots += became.snapshots;
        if (newest == nullptr)
            return;
        const auto at = std::min(newest->time, now_);
        tx_.execute(
            "UPDATE restic_targets SET snapshot_count = snapshot_count + $3, latest_snapshot_id = CASE "
            "WHEN latest_snapshot_at_us > $5 THEN latest_snapshot_id ELSE $4 END, "
            "latest_snapshot_at_us = CASE WHEN latest_snapshot_at_us > $5 THEN latest_snapshot_at_us "
            "ELSE $5 END WHERE tenant_id = $1 AND id = $2",
            {tx_.tenant(), target.id, more, newest->snapshotId, at});
    }

    void insert(const Target& target, const V0Snapshot& v0) {
        constexpr std::size_t kShort = 8;
        Snapshot snapshot;
        snapshot.id = Uuid::generate(now_);
        snapshot.repository = *target.repository;
        snapshot.target = target.id;
        snapshot.snapshotId = v0.snapshotId;
        snapshot.shortId = v0.snapshotId.substr(0, kShort);
        snapshot.time = v0.time;
        snapshot.hostname = v0.hostname;
        snapshot.username = v0.username;
        snapshot.paths = v0.paths;
        snapshot.tags = v0.tags;
        snapshot.parent = v0.parent;
        snapshot.tree = v0.tree;
        snapshot.source = "direct_poll";
        SnapshotStore::insert(tx_, snapshot, now_);
    }

    void addChecks(const V0Target& v0, const Target& target, ImportedTarget& became) {
        if (!v0.id)
            return;
        const auto history = source_.checks(*v0.id);
        std::vector<V0Check> checks;
        for (const auto& row : history.rows) {
            auto check = readV0Check(row);
            if (check && check.value().message && v0.password && !v0.password->empty())
                check.value().message =
                    Poco::replace(*check.value().message, *v0.password, std::string("***"));
            if (check)
                checks.push_back(std::move(check).value());
            else
                refuse(idOr(row, 0), v0.name, check.error().what(), "health_checks");
        }
        if (history.leftOut > 0)
            became.notes.push_back(fmt::format("{} older health checks are left out.", history.leftOut));
        became.checks = ImportedChecks::add(tx_, target.id, checks, now_);
        report.newChecks += became.checks;
    }

    const V0Import& parts_;
    Transaction& tx_;
    V0Source& source_;
    const fs::path folder_;
    const Options options_;
    const Instant now_;
    std::int64_t policies_ = 0, mostPolicies_ = 0;
    std::map<Uuid, KnownSnapshots> known_;
};

ImportReport V0Import::run(const core::TenantContext& context, const fs::path& file, const Options& options) {
    const auto source = V0Source::open(file);
    ImportReport report;
    try {
        database_.transact(context, [&](Transaction& tx) {
            Work work(*this, tx, *source, file, options);
            work.run();
            report = std::move(work.report);
            if (context.audit())
                context.audit()->entry.after = report.counts();
            if (options.dryRun)
                throw OnlyATry();
        });
    } catch (const OnlyATry&) {
        return report;
    }
    return report;
}

} // namespace restic
