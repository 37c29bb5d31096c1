#include "polling/poller.h"

#include <algorithm>

#include <unistd.h>

#include "errors.h"
#include "policies/target_store.h"
#include "polling/health_check_store.h"
#include "restic/cli/list_files.h"
#include "restic/events.h"
#include "restic/protocol/task_errors.h"

namespace restic {

using core::Instant;
using core::TenantContext;
using core::Uuid;
using core::db::Transaction;

namespace {
/// How much longer than its time a look may take until another host takes it over: restic is asked to end
/// first, and what it found is written.
constexpr std::chrono::minutes kGrace{2};
/// What somebody mends should not wait a week for its next check.
constexpr std::chrono::hours kAgain{1};
/// Somebody waits for the answer.
constexpr core::milliseconds kListing{25000};
/// So many looks wait for each worker: the next one begins without a question to the database.
constexpr std::size_t kWaitingForEach = 4;
/// So much of the disk is left to others: below it restic keeps nothing of what it reads.
constexpr std::uintmax_t kSpared = std::uintmax_t{2} << 30U;

/// restic's cache, where it is another user's.
void giveCache(const MonitorSettings& settings, const std::filesystem::path& cache) {
    if (!settings.program.user)
        return;
    std::filesystem::create_directories(cache);
    if (::chown(cache.c_str(), settings.program.user->id, settings.program.user->group) != 0)
        throw core::Error(core::errors::kInternal, cache.string() + " cannot be given to the user of "
                                                                    "restic.monitor.user.");
}
} // namespace

Poller::Poller(Services services, MonitorSettings settings, std::filesystem::path folder,
               const std::map<std::string, std::string>& environment)
    : services_(std::move(services)), settings_(std::move(settings)), access_(settings_),
      repositories_(services_.database, services_.vault), outputs_(folder / "outputs"),
      commands_(settings_.program, folder / "cache", environment), restic_(services_.processes, commands_),
      runner_(services_.processes, commands_, outputs_), random_(std::random_device{}()) {}

bool Poller::hasRoomForCache() const {
    std::error_code code;
    const auto space = std::filesystem::space(
        std::filesystem::exists(commands_.cache(), code) ? commands_.cache() : outputs_, code);
    return !code && space.available > kSpared;
}

void Poller::prepare() {
    // What a host that was killed has left; nobody looks yet. Where there is but one host, none of its looks
    // goes on either.
    if (services_.database.dialect() == core::db::Dialect::sqlite)
        services_.database.transact(core::SystemContext("polling"),
                                    [](Transaction& tx) { ProbeStore::releaseAll(tx); });
    cli::UserFile::removeLeftBehind();
    std::filesystem::remove_all(outputs_);
    std::filesystem::create_directories(outputs_);
    std::filesystem::permissions(outputs_, std::filesystem::perms::owner_all);
    giveCache(settings_, commands_.cache());
}

void Poller::setQueues(core::WorkQueue& light, core::WorkQueue& heavy, std::function<void()> ended) {
    light_.queue = &light;
    heavy_.queue = &heavy;
    ended_ = std::move(ended);
}

void Poller::submitDue() {
    submit(light_);
    submit(heavy_);
}

void Poller::submit(Lane& lane) {
    const auto stats = lane.queue->stats();
    const auto most = std::max<std::size_t>(1, stats.workers - 1);
    if (stats.waiting >= stats.workers)
        return;
    std::vector<Uuid> full;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [tenant, count] : lane.ofTenants)
            if (count >= most)
                full.push_back(tenant);
    }
    std::vector<std::string_view> kinds;
    for (const auto& kind : probeKinds())
        if (kind.heavy == lane.heavy)
            kinds.push_back(kind.name);
    const core::SystemContext system("polling");
    const auto due = services_.database.read(system, [&](Transaction& tx) {
        return ProbeStore::due(tx, kinds, services_.clock.now(), stats.workers * kWaitingForEach, full);
    });
    for (const auto& one : due) {
        {
            const std::lock_guard lock(mutex_);
            auto& count = lane.ofTenants[one.tenant];
            if (count >= most)
                continue;
            ++count;
        }
        const auto* kind = findProbeKind(one.kind);
        core::Work work;
        work.key = one.kind + "/" + one.target.toString();
        work.limit = settings_.*(kind->timeout) + kGrace / 2;
        // Given back also where the piece is dropped, or joined by another one.
        const std::shared_ptr<void> place(nullptr,
                                          [this, &lane, tenant = one.tenant](void*) { ended(lane, tenant); });
        work.run = [this, one, kind, place](const std::stop_token& stop) {
            look(one.tenant, one.target, *kind, stop);
        };
        if (lane.queue->submit(std::move(work)) == core::Submitted::refused)
            return;
    }
}

void Poller::ended(Lane& lane, const Uuid& tenant) {
    {
        const std::lock_guard lock(mutex_);
        if (auto found = lane.ofTenants.find(tenant); found != lane.ofTenants.end() && --found->second == 0)
            lane.ofTenants.erase(found);
    }
    if (ended_)
        ended_();
}

std::optional<Poller::Begun> Poller::begin(Transaction& tx, const Uuid& targetId) const {
    const auto target = TargetStore::find(tx, targetId);
    if (!target || target->disabled || target->mode != "direct" || !target->repository)
        return std::nullopt;
    auto repository = RepositoryStore::find(tx, *target->repository);
    if (!repository)
        return std::nullopt;
    auto payload = repositories_.of(tx, *repository);
    return Begun{std::move(*repository), std::move(payload), ProbeStore::of(tx, targetId)};
}

std::optional<std::string> Poller::refusal(Transaction& tx, const Repository& repository) const {
    return access_.refusal(repositories_.of(tx, repository));
}

void Poller::look(const Uuid& tenant, const Uuid& target, const ProbeKind& kind,
                  const std::stop_token& stop) {
    const TenantContext context(tenant);
    const Instant began = services_.clock.now();
    const auto deadline = std::chrono::steady_clock::now() + settings_.*(kind.timeout);
    const auto claim = Uuid::generate(began);
    std::optional<Begun> begun;
    std::optional<protocol::TaskError> unreadable;
    const bool taken = services_.database.transact(context, [&](Transaction& tx) {
        begun.reset();
        unreadable.reset();
        if (!ProbeStore::claim(tx, target, kind.name, claim, began,
                               began + settings_.*(kind.timeout) + kGrace))
            return false;
        try {
            begun = begin(tx, target);
        } catch (const core::Error& error) { // of the vault, or of a row that cannot be read
            unreadable = protocol::TaskError{std::string(error.name()), error.what(), {}};
        }
        if (!begun && !unreadable)
            ProbeStore::rest(tx, target);
        return true;
    });
    if (!taken || (!begun && !unreadable))
        return;
    auto findings = unreadable ? ProbeFindings{std::move(unreadable)}
                               : find(tenant, target, kind, std::move(*begun), began, deadline, stop);
    if (stop.stop_requested() && std::chrono::steady_clock::now() < deadline && findings.error &&
        findings.error->error == protocol::task_errors::kInterrupted.name) {
        // The host ends: it says nothing of the repository.
        services_.database.transact(
            context, [&](Transaction& tx) { ProbeStore::release(tx, target, kind.name, claim); });
        return;
    }
    conclude(tenant, target, kind, claim, std::move(findings), began);
}

cli::RepositoryAccess Poller::confined(cli::RepositoryAccess access, const Uuid& tenant) const {
    // A repository is known by an id that whoever made it has chosen.
    access.cachePart = tenant.toString();
    access.noCache = !hasRoomForCache();
    return access;
}

ProbeFindings Poller::find(const Uuid& tenant, const Uuid& target, const ProbeKind& kind, Begun begun,
                           Instant now, std::chrono::steady_clock::time_point deadline,
                           const std::stop_token& stop) {
    const auto version = restic_.version();
    auto access = access_.to(begun.payload, version);
    if (auto* error = std::get_if<protocol::TaskError>(&access))
        return {std::move(*error)};
    // Without restic a listing would still show that nothing has changed, and nobody would mend it.
    if (!version)
        return {protocol::task_errors::make(protocol::task_errors::kResticNotFound, restic_.problem())};
    const ProbeContext context{services_.database,
                               services_.events,
                               runner_,
                               commands_,
                               services_.processes,
                               settings_,
                               TenantContext(tenant),
                               target,
                               std::move(begun.repository),
                               confined(std::get<cli::RepositoryAccess>(std::move(access)), tenant),
                               std::move(begun.before),
                               now,
                               deadline,
                               stop};
    try {
        return kind.look(context);
    } catch (const core::Error& error) {
        services_.log.error("a look at a repository failed",
                            {{"target", target.toString()}, {"probe", kind.name}, {"error", error.what()}});
        return {protocol::TaskError{std::string(error.name()), error.what(), {}}};
    }
}

void Poller::conclude(const Uuid& tenant, const Uuid& target, const ProbeKind& kind, const Uuid& claim,
                      ProbeFindings findings, Instant began) {
    services_.database.transact(TenantContext(tenant), [&](Transaction& tx) {
        const Instant now = services_.clock.now();
        ProbeEnd end{began, now, around(now, settings_.*(kind.interval)), {}, {}, findings.found};
        if (findings.error) {
            end.nextAt = std::min(end.nextAt, around(now, kAgain));
            end.error = findings.error->error;
            end.message = findings.error->message;
        }
        if (!ProbeStore::conclude(tx, target, kind.name, claim, end))
            return; // another host has looked since
        if (findings.record)
            findings.record(tx);
        const auto health = services_.healthOf(tx, target);
        if (!health)
            return;
        const bool ofSnapshots = kind.name == probes::kSnapshots;
        const auto before = ofSnapshots ? HealthCheckStore::latest(tx, target, kind.name) : std::nullopt;
        HealthCheck check;
        check.id = Uuid::generate(now);
        check.target = target;
        check.kind = kind.name;
        check.healthy = health->healthy;
        check.error = health->error;
        check.message = health->message;
        check.snapshotAgeHours = health->snapshotAgeHours;
        if (!ofSnapshots && findings.error) { // what it itself found, and not how the target is
            check.healthy = false;
            check.error = end.error;
            check.message = end.message;
        }
        check.durationMs = std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count();
        check.checkedAt = now;
        HealthCheckStore::insert(tx, check);
        // Whether it is well is told by the look at its snapshots, which comes at once after damage.
        if (kind.name == probes::kCheck && findings.record && findings.error)
            ProbeStore::hasten(tx, target, probes::kSnapshots, now);
        if (before && before->healthy != check.healthy)
            services_.events.publishWith(tx, events::HealthChanged{tenant, target, health->name,
                                                                   before->healthy, check.healthy,
                                                                   check.message.value_or(""), now});
    });
}

/// The place of a tenant among those whose files are listed.
class Poller::Listing {
public:
    Listing(Poller& poller, const Uuid& tenant) : poller_(poller), tenant_(tenant) {
        const std::lock_guard lock(poller_.mutex_);
        if (poller_.listings_.contains(tenant))
            throw core::Error(core::errors::kUnavailable,
                              "Files of another snapshot are listed just now; try again in a moment.");
        if (poller_.listings_.size() >= kMostListings)
            throw core::Error(core::errors::kUnavailable,
                              "Others list files just now; try again in a moment.");
        poller_.listings_.insert(tenant);
    }
    ~Listing() {
        const std::lock_guard lock(poller_.mutex_);
        poller_.listings_.erase(tenant_);
    }
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;

private:
    Poller& poller_;
    Uuid tenant_;
};

std::variant<Poller::Files, protocol::TaskError> Poller::listFiles(const Uuid& tenant,
                                                                   const protocol::TaskRepository& repository,
                                                                   const std::string& snapshotId,
                                                                   std::size_t most) {
    const auto version = restic_.version();
    if (!version)
        return protocol::task_errors::make(protocol::task_errors::kResticNotFound, restic_.problem());
    auto access = access_.to(repository, version);
    if (auto* error = std::get_if<protocol::TaskError>(&access))
        return std::move(*error);
    const Listing place(*this, tenant);
    cli::ListFiles list(snapshotId, most);
    if (auto error = runner_.run(confined(std::get<cli::RepositoryAccess>(std::move(access)), tenant), list,
                                 {std::min(settings_.timeout, kListing), cli::RetryPatience::onlyOne}, {}))
        return std::move(*error);
    if (!list.complete(0)) // older ones say so and end well
        throw core::Error(errors::kSnapshotNotFound,
                          "The repository has no snapshot \"" + snapshotId + "\".");
    return Files{list.paths(), list.truncated()};
}

Instant Poller::around(Instant now, core::milliseconds interval) {
    const std::lock_guard lock(mutex_);
    const double share = std::uniform_real_distribution<double>(0.9, 1.1)(random_);
    return now + std::chrono::duration_cast<core::milliseconds>(interval * share);
}

} // namespace restic
