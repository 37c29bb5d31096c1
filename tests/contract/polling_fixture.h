#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "contract/restic_fixture.h"
#include "core/encoding.h"
#include "polling/health_check_store.h"
#include "polling/poller.h"
#include "polling/probe_store.h"
#include "support/restics.h"
#include "targets/target_service.h"

namespace test {

/// Counts what restic is started for.
class CountingRunner final : public core::ProcessRunner {
public:
    core::Result<std::unique_ptr<core::Process>> start(const core::ProcessSpec& spec) override {
        ++started;
        return real_.start(spec);
    }
    std::unique_ptr<core::Process> adopt(int pid, std::uint64_t ticks) override {
        return real_.adopt(pid, ticks);
    }
    std::atomic<int> started{0};

private:
    core::SystemProcessRunner real_;
};

/// A host that looks at real repositories on its own disk.
class Polling : public ResticParts {
protected:
    Polling() {
        clock.advance(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) -
                      clock.now());
    }

    restic::MonitorSettings settings() const {
        restic::MonitorSettings s;
        s.interval = 5min;
        s.statsInterval = 24h;
        s.checkInterval = 7 * 24h;
        s.timeout = 60s;
        s.checkTimeout = 60s;
        s.maxAge = 48h;
        s.program.binary = program;
        s.program.cacheDir = (folder.path() / "cache").string();
        s.localRoots = {(folder.path() / "repositories").string()};
        s.networks = core::http::AddressSet::parse({"127.0.0.0/8", "::1"}).value();
        return s;
    }
    restic::Poller& poller() {
        if (!poller_)
            poller_ = makePoller(settings());
        return *poller_;
    }
    std::unique_ptr<restic::Poller> makePoller(restic::MonitorSettings wanted,
                                               const std::map<std::string, std::string>& environment = {}) {
        auto made = std::make_unique<restic::Poller>(
            restic::Poller::Services{
                db, clock, bus, base.vault, runner,
                [this](Transaction& tx, const Uuid& target) { return healthOf(tx, target); },
                fixture.log.logger()},
            std::move(wanted), folder.path() / "monitor", environment);
        made->prepare();
        return made;
    }
    void usePoller(restic::MonitorSettings wanted) { usePoller(makePoller(std::move(wanted))); }
    void usePoller(std::unique_ptr<restic::Poller> wanted) { poller_ = std::move(wanted); }
    std::optional<restic::TargetHealth> healthOf(Transaction& tx, const Uuid& target) {
        auto found = host.status.find(tx, target);
        if (!found)
            return std::nullopt;
        restic::TargetHealth health{
            found->name, found->status != "unhealthy", {}, {}, found->snapshotAgeHours};
        if (found->error) {
            health.error = found->error->error;
            health.message = found->error->message;
        }
        return health;
    }
    restic::TargetService targets() { return {clock, host.repositories, host.policies, poller(), 1000}; }

    /// restic by hand, as some cron job calls it; its output.
    std::string byHand(const std::string& name, std::vector<std::string> arguments, bool good = true) {
        core::ProcessSpec spec;
        spec.program = program;
        spec.arguments = std::move(arguments);
        spec.environment = {{"PATH", "/usr/bin:/bin:/usr/local/bin"},
                            {"HOME", folder.path().string()},
                            {"RESTIC_PASSWORD", kSecret},
                            {"RESTIC_REPOSITORY", repositoryFolder(name).string()},
                            {"RESTIC_CACHE_DIR", (folder.path() / "cron-cache").string()}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        const auto result = core::SystemProcessRunner().run(spec).value();
        EXPECT_EQ(result.exit.ok(), good) << result.error;
        return result.output;
    }
    std::filesystem::path repositoryFolder(const std::string& name) const {
        return folder.path() / "repositories" / name;
    }
    /// A repository with a snapshot.
    void makeRepository(const std::string& name) {
        std::filesystem::create_directories(folder.path() / "repositories");
        byHand(name, {"init"});
        save(name, "first");
    }
    void save(const std::string& name, const std::string& content) {
        const auto source = folder.path() / "source";
        std::filesystem::create_directories(source);
        std::ofstream(source / "file.txt") << content;
        byHand(name, {"backup", source.string(), "--host=cron-host", "--tag=nightly"});
    }
    Uuid watch(const std::string& name, std::optional<std::string> password = {}) {
        restic::RepositorySpec spec;
        spec.name = name;
        spec.type = "local";
        spec.url = repositoryFolder(name).string();
        spec.password = password.value_or(kSecret);
        return watch(spec);
    }
    Uuid watch(const restic::RepositorySpec& spec) {
        poller(); // begins with a unit of work of its own
        return here([&](Transaction& tx) {
            const auto repository = host.repositories.create(tx, spec);
            restic::TargetSpec wanted;
            wanted.name = spec.name;
            wanted.mode = "direct";
            wanted.repository = repository.id;
            return targets().create(tx, wanted).id;
        });
    }
    /// A look of that kind is due, and made.
    void look(const Uuid& target, std::string_view kind = restic::probes::kSnapshots) {
        clock.advance(1s);
        here([&](Transaction& tx) { restic::ProbeStore::hasten(tx, target, kind, clock.now()); });
        poller().look(tenant.tenant(), target, *restic::findProbeKind(kind), {});
    }
    restic::TargetStatus statusOf(const std::string& name) {
        return host.status.get(tenant, name, std::nullopt);
    }
    restic::Probe probe(const Uuid& target, std::string_view kind = restic::probes::kSnapshots) {
        return here([&](Transaction& tx) { return restic::ProbeStore::find(tx, target, kind).value(); });
    }
    std::vector<restic::HealthCheck> checks(const Uuid& target) {
        return here([&](Transaction& tx) { return restic::HealthCheckStore::list(tx, target, {}); });
    }
    /// Every file of a repository with what it holds.
    std::map<std::string, std::string> bytesOf(const std::string& name) const {
        std::map<std::string, std::string> all;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(repositoryFolder(name)))
            if (entry.is_regular_file()) {
                std::ifstream in(entry.path(), std::ios::binary);
                const std::string content{std::istreambuf_iterator<char>(in), {}};
                all[entry.path().string()] = core::hexEncode(core::sha256(content));
            } else {
                all[entry.path().string()] = "folder";
            }
        return all;
    }

    std::string program = "restic";
    TempDir folder;
    CountingRunner runner;

private:
    std::unique_ptr<restic::Poller> poller_;
};

} // namespace test
