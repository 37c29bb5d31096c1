#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "core/module/module.h"
#include "module/web_folder.h"

namespace core::module {

/// One module as the host knows it: listed by `module list` and /api/v1/modules, also when it failed.
struct ModuleRecord {
    enum class State { discovered, running, stopped, failed, skipped };
    std::string id;
    std::string version;
    std::string description;
    std::filesystem::path file;
    State state = State::discovered;
    std::string step;   ///< where it failed: check, load, resolve, migrate, initialize, start
    std::string reason; ///< one sentence
    std::vector<Dependency> dependencies;
    std::vector<WebPage> pages;
    std::shared_ptr<const WebFolder> web; ///< null without pages
    std::shared_ptr<Module> module;       ///< null until it is loaded
};
CORE_EXPORT std::string_view stateName(ModuleRecord::State state) noexcept;

/// All modules of the host, in the order in which they depend on each other. A module that fails at any step
/// is recorded with the reason and its dependants are skipped; the others go on. The order of calls is load,
/// then forEach for each step. One thread at a time, except for records().
class CORE_EXPORT ModuleSet {
public:
    explicit ModuleSet(Logger log) : log_(std::move(log)) {}

    /// Looks for `*.so` in the folders (those that do not exist are passed over), checks and maps them, and
    /// sorts them.
    void load(const std::vector<std::filesystem::path>& folders);
    /// For tests: a module that is linked in.
    void addLinked(std::shared_ptr<Module> module);
    /// Sorts by dependency; refuses unknown ones, versions out of range, cycles and equal ids.
    void resolve();

    /// Runs one step for every module that is still good, in order.
    void forEach(const std::string& step, const std::function<void(ModuleRecord&)>& run);
    /// The same in reverse order for what runs; exceptions are logged.
    void forEachReverse(const std::function<void(ModuleRecord&)>& run);
    void setState(ModuleRecord& record, ModuleRecord::State state);

    /// A copy, for any thread.
    [[nodiscard]] std::vector<ModuleRecord> records() const;
    /// Why a module with these needs could not be used here; nullopt if it could. For any thread.
    [[nodiscard]] std::optional<std::string> lacking(const std::vector<Dependency>& needs) const;
    /// Of every installed module that cannot be used: id and reason. A second file of a module that runs is
    /// not among them. For any thread.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> missing() const;

private:
    void skipDependants();
    /// `logged` is for the log instead of `reason`, which everybody may read.
    void fail(ModuleRecord& record, const std::string& step, const std::string& reason,
              const std::string& logged = {});

    Logger log_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<ModuleRecord>> records_;
};

} // namespace core::module
