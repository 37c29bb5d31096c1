#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core::config {

enum class SettingType { text, integer, boolean, duration, size, list };

/// One declared setting. Its value comes from the flag, then the environment, then the file, then the
/// default. Validation, `config check`, `config show` and the reference page come from this declaration.
struct Setting {
    std::string key; ///< "http.addr": its place in the YAML file
    SettingType type = SettingType::text;
    std::string defaultValue = {}; ///< as it would stand in the file; "" for none
    std::string doc = {};
    std::string environment = {}; ///< "" = AE_ and the key in capitals with _ for each dot
    std::optional<std::int64_t> min = {};
    std::optional<std::int64_t> max = {};
    std::vector<std::string> oneOf = {};
    /// What an integer counts: "threads". Durations and sizes carry their units in their values.
    std::string unit = {};
    bool secret = false;
    /// Whether a running host takes a new value only when it is started again. One that it takes at SIGHUP is
    /// read through Config each time, or by the host itself.
    bool restartNeeded = true;
    std::string seedName = {}; ///< the name that this setting has in older documents
    /// What is wrong with a text or list that is given, as "must …"; for what its type does not say. Secrets
    /// are not repeated. Must not depend on other settings.
    std::function<std::optional<std::string>(const std::string& value)> check = {};
};

/// Where a value came from, for errors and `config show`.
struct Origin {
    enum class Kind { defaultValue, file, environment, flag } kind = Kind::defaultValue;
    std::string where; ///< "line 12", "AE_HTTP_ADDR", "--http-addr"
};

/// All values, read once and valid. Immutable, so thread-safe. Asking for an undeclared key or for another
/// type throws core::Error(kInternal).
class CORE_EXPORT Config {
public:
    struct Value {
        Setting setting;
        std::string text;
        std::vector<std::string> list;
        std::int64_t number = 0; ///< integer, size in bytes, duration in milliseconds, boolean
        Origin origin;
    };
    explicit Config(std::map<std::string, Value> values);
    ~Config();

    [[nodiscard]] const std::string& text(std::string_view key) const;
    [[nodiscard]] std::int64_t integer(std::string_view key) const;
    [[nodiscard]] bool boolean(std::string_view key) const;
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view key) const;
    [[nodiscard]] std::int64_t bytes(std::string_view key) const;
    [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;
    [[nodiscard]] const std::map<std::string, Value>& values() const noexcept { return values_; }

private:
    [[nodiscard]] const Value& at(std::string_view key, SettingType type) const;
    std::map<std::string, Value> values_;
};

/// What Config is read from.
struct Sources {
    std::string file; ///< path; need not exist unless `fileRequired`
    bool fileRequired = false;
    bool allowUnknown = false; ///< pass over keys that no setting declares
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> flags; ///< key -> value
};

/// Reads and checks everything; the problems of all settings come at once, each naming key and file line or
/// variable. Keys that no setting declares are problems too.
CORE_EXPORT Result<std::shared_ptr<const Config>> read(const std::vector<Setting>& settings,
                                                       const Sources& sources);

/// The environment variable of a setting.
CORE_EXPORT std::string environmentName(const Setting& setting);
/// The values as YAML, secrets masked, each with its origin as a comment.
CORE_EXPORT std::string show(const Config& config);
/// The settings of one part, for the reference page: "host", "base".
struct SettingGroup {
    std::string name;
    std::vector<Setting> settings;
};
/// The reference page, in Markdown.
CORE_EXPORT std::string reference(const std::vector<SettingGroup>& groups);

} // namespace core::config
