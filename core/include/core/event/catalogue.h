#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.h"
#include "core/export.h"

namespace core::event {

/// Which events the modules of a host declare. Filled before any module is initialised; read by many threads
/// afterwards.
class CORE_EXPORT Catalogue {
public:
    struct Entry {
        std::string module;
        Declaration declaration;
    };

    /// Throws core::Error(kValidation), and adds none, for a key that does not begin with the module's id and
    /// a dot, or that is there twice.
    void add(const std::string& module, const std::vector<Declaration>& declarations);

    /// Throws core::Error(kValidation) for an event that no module declares.
    void checkPublish(std::string_view key) const;
    /// Throws core::Error(kValidation) for a subscription of `module` that can never get anything: to an
    /// event of its own that it does not declare, or durably to one that is not durable.
    void checkSubscribe(std::string_view module, std::string_view key, bool durable) const;
    /// What is odd about a subscription to another module's event, as a sentence: that module is there, and
    /// declares no such event.
    [[nodiscard]] std::optional<std::string> doubt(std::string_view key) const;

    /// By key.
    [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const noexcept {
        return entries_;
    }

private:
    std::map<std::string, Entry, std::less<>> entries_;
    std::set<std::string, std::less<>> modules_;
};

} // namespace core::event
