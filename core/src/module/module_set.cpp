#include "module/module_set.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "module/module_file.h"
#include "module/version.h"

namespace core {

Module::~Module() = default;
std::vector<Dependency> Module::dependencies() const {
    return {};
}
std::vector<config::Setting> Module::settings() const {
    return {};
}
std::vector<db::Migration> Module::migrations(db::Dialect) const {
    return {};
}
std::vector<Entity> Module::entities() const {
    return {};
}
std::vector<Command> Module::commands() {
    return {};
}
std::vector<http::Route> Module::routes() {
    return {};
}
std::vector<http::Middleware> Module::middleware() {
    return {};
}
std::vector<EventHandler> Module::eventHandlers() {
    return {};
}
std::vector<HealthCheck> Module::healthChecks() {
    return {};
}
void Module::start() {}
void Module::stop() {}
std::vector<event::Declaration> Module::events() const {
    return {};
}

ModuleContext::~ModuleContext() = default;

} // namespace core

namespace core::module {

namespace fs = std::filesystem;
using State = ModuleRecord::State;

std::string_view stateName(State state) noexcept {
    constexpr std::string_view kNames[] = {"discovered", "running", "stopped", "failed", "skipped"};
    return kNames[static_cast<int>(state)];
}

namespace {
bool fits(const std::string& version, const std::string& versions) {
    const auto range = VersionRange::parse(versions);
    const auto parsed = Version::parse(version);
    return range && parsed && range->contains(*parsed);
}
} // namespace

void ModuleSet::load(const std::vector<fs::path>& folders) {
    // Of two files of one module the one in the earlier folder is taken, at every start.
    std::vector<fs::path> files;
    for (const auto& folder : folders) {
        std::error_code code;
        const auto begin = files.size();
        for (const auto& entry : fs::directory_iterator(folder, code))
            if (entry.path().extension() == ".so" &&
                std::find(files.begin(), files.end(), entry.path()) == files.end())
                files.push_back(entry.path());
        std::sort(files.begin() + static_cast<std::ptrdiff_t>(begin), files.end());
    }
    for (const auto& file : files) {
        auto record = std::make_unique<ModuleRecord>();
        record->id = file.stem();
        record->file = file;
        std::string step = "check";
        try {
            const ModuleFile inspected = inspect(file);
            record->version = inspected.manifest.version;
            record->description = inspected.manifest.description;
            record->dependencies = inspected.manifest.dependencies;
            record->pages = inspected.manifest.pages;
            record->web = inspected.web;
            if (record->id == "core")
                throw Error(kModuleRefused, file.string() + " calls itself \"core\", which is the host's own "
                                                            "name; give the module another id.");
            const bool taken = std::any_of(records_.begin(), records_.end(), [&](const auto& other) {
                return other->id == record->id && other->state != State::failed;
            });
            if (taken)
                throw Error(kModuleRefused, file.string() + " brings the module \"" + record->id +
                                                "\", which another file brought before; remove one of them.");
            step = "load";
            record->module = module::load(inspected);
        } catch (...) {
            fail(*record, step, messageOfCurrentException(), describeCurrentException());
        }
        const std::lock_guard lock(mutex_);
        records_.push_back(std::move(record));
    }
    resolve();
}

void ModuleSet::addLinked(std::shared_ptr<Module> module) {
    auto record = std::make_unique<ModuleRecord>();
    record->id = module->name();
    record->version = module->version();
    record->dependencies = module->dependencies();
    record->module = std::move(module);
    const std::lock_guard lock(mutex_);
    records_.push_back(std::move(record));
}

void ModuleSet::resolve() {
    std::map<std::string, ModuleRecord*> byId;
    for (const auto& record : records_)
        if (record->state != State::failed)
            byId[record->id] = record.get();

    for (const auto& [id, record] : byId)
        for (const auto& [needed, versions] : record->dependencies) {
            const auto found = byId.find(needed);
            if (found == byId.end()) {
                const bool failed =
                    std::any_of(records_.begin(), records_.end(),
                                [&, name = needed](const auto& other) { return other->id == name; });
                if (!failed) // otherwise it is skipped below, by name
                    fail(*record, "resolve",
                         fmt::format("it needs the module \"{}\", which is not there", needed));
                continue;
            }
            if (!fits(found->second->version, versions))
                fail(*record, "resolve",
                     fmt::format("it needs \"{}\" in version {}, but version {} is here", needed, versions,
                                 found->second->version));
        }

    // Kahn's algorithm; by id within a level, so that the order is the same at every start.
    std::vector<ModuleRecord*> order;
    std::set<std::string> placed;
    for (bool progress = true; progress;) {
        progress = false;
        for (const auto& [id, record] : byId) {
            if (placed.contains(id))
                continue;
            const bool ready = std::all_of(
                record->dependencies.begin(), record->dependencies.end(),
                [&](const Dependency& d) { return placed.contains(d.module) || !byId.contains(d.module); });
            if (!ready)
                continue;
            placed.insert(id);
            order.push_back(record);
            progress = true;
        }
    }
    for (const auto& [id, record] : byId) {
        if (placed.contains(id))
            continue;
        std::vector<std::string> others;
        for (const auto& dependency : record->dependencies)
            if (byId.contains(dependency.module) && !placed.contains(dependency.module))
                others.push_back(dependency.module);
        fail(*record, "resolve", fmt::format("it depends in a cycle on {}", fmt::join(others, ", ")));
        order.push_back(record);
    }
    {
        const std::lock_guard lock(mutex_);
        const auto place = [&](const std::unique_ptr<ModuleRecord>& record) {
            return std::find(order.begin(), order.end(), record.get()) - order.begin();
        };
        std::stable_sort(records_.begin(), records_.end(),
                         [&](const auto& a, const auto& b) { return place(a) < place(b); });
    }
    skipDependants();
}

void ModuleSet::skipDependants() {
    // In order, so that a skipped module skips its own dependants in turn.
    for (const auto& record : records_) {
        if (record->state == State::failed || record->state == State::skipped)
            continue;
        for (const auto& dependency : record->dependencies) {
            const auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& other) {
                return other->id == dependency.module &&
                       (other->state == State::failed || other->state == State::skipped);
            });
            // Of two files with one id the first may be good.
            const bool there = std::any_of(records_.begin(), records_.end(), [&](const auto& other) {
                return other->id == dependency.module && other->state != State::failed &&
                       other->state != State::skipped;
            });
            if (found == records_.end() || there)
                continue;
            const std::string reason =
                fmt::format("it needs the module \"{}\", which {}", dependency.module,
                            (*found)->state == State::failed ? "failed" : "was skipped");
            log_.error("a module is skipped", {{"id", record->id}, {"error", reason}});
            const std::lock_guard lock(mutex_);
            record->state = State::skipped;
            record->step = "resolve";
            record->reason = reason;
            break;
        }
    }
}

void ModuleSet::fail(ModuleRecord& record, const std::string& step, const std::string& reason,
                     const std::string& logged) {
    if (record.state == State::failed)
        return;
    log_.error("a module failed",
               {{"id", record.id}, {"step", step}, {"error", logged.empty() ? reason : logged}});
    const std::lock_guard lock(mutex_);
    record.state = State::failed;
    record.step = step;
    record.reason = reason;
}

void ModuleSet::forEach(const std::string& step, const std::function<void(ModuleRecord&)>& run) {
    for (const auto& record : records_) {
        if (record->state == State::failed || record->state == State::skipped)
            continue;
        try {
            run(*record);
        } catch (...) {
            fail(*record, step, messageOfCurrentException(), describeCurrentException());
            skipDependants();
        }
    }
}

void ModuleSet::forEachReverse(const std::function<void(ModuleRecord&)>& run) {
    for (auto it = records_.rbegin(); it != records_.rend(); ++it) {
        if ((*it)->state != State::running)
            continue;
        try {
            run(**it);
        } catch (...) {
            log_.error("a module failed while stopping",
                       {{"id", (*it)->id}, {"error", describeCurrentException()}});
        }
    }
}

void ModuleSet::setState(ModuleRecord& record, State state) {
    const std::lock_guard lock(mutex_);
    record.state = state;
}

std::vector<ModuleRecord> ModuleSet::records() const {
    const std::lock_guard lock(mutex_);
    std::vector<ModuleRecord> copy;
    copy.reserve(records_.size());
    for (const auto& record : records_)
        copy.push_back(*record);
    return copy;
}

std::optional<std::string> ModuleSet::lacking(const std::vector<Dependency>& needs) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [needed, versions] : needs) {
        const auto found =
            std::find_if(records_.begin(), records_.end(), [&, name = needed](const auto& record) {
                return record->id == name && record->state != State::failed &&
                       record->state != State::skipped;
            });
        if (found == records_.end())
            return fmt::format("it needs the module \"{}\", which is not there", needed);
        if (!fits((*found)->version, versions))
            return fmt::format("it needs \"{}\" in version {}, but version {} is here", needed, versions,
                               (*found)->version);
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> ModuleSet::missing() const {
    const auto lost = [](const auto& record) {
        return record->state == State::failed || record->state == State::skipped;
    };
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& record : records_)
        if (lost(record) && std::none_of(records_.begin(), records_.end(), [&](const auto& other) {
                return other->id == record->id && !lost(other);
            }))
            all.emplace_back(record->id, record->step + ": " + record->reason);
    return all;
}

} // namespace core::module
