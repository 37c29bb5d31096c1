#include "core/event/catalogue.h"

#include <fmt/format.h>

#include "core/error.h"

namespace core::event {

namespace {
std::string_view moduleOf(std::string_view key) {
    return key.substr(0, key.find('.'));
}
} // namespace

void Catalogue::add(const std::string& module, const std::vector<Declaration>& declarations) {
    std::set<std::string_view> own;
    for (const auto& declaration : declarations) {
        if (!declaration.key.starts_with(module + ".") || declaration.key.size() == module.size() + 1)
            throw Error(
                errors::kValidation,
                fmt::format("The module {} declares the event \"{}\": its key must begin with \"{}.\".",
                            module, declaration.key, module));
        if (!own.insert(declaration.key).second || entries_.contains(declaration.key))
            throw Error(errors::kValidation,
                        fmt::format("The module {} declares the event {} twice.", module, declaration.key));
    }
    modules_.insert(module);
    for (const auto& declaration : declarations)
        entries_.emplace(declaration.key, Entry{module, declaration});
}

void Catalogue::checkPublish(std::string_view key) const {
    if (!entries_.contains(key))
        throw Error( // the module's fault, not its caller's
            errors::kInternal,
            fmt::format("The event {} is declared by no module; name it in events() of the module {}.", key,
                        moduleOf(key)));
}

void Catalogue::checkSubscribe(std::string_view module, std::string_view key, bool durable) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() && moduleOf(key) == module)
        throw Error(
            errors::kValidation,
            fmt::format("The module {} subscribes to its event {}, which it does not declare; name it "
                        "in events(), or correct the key.",
                        module, key));
    if (found != entries_.end() && durable && !found->second.declaration.durable)
        throw Error(errors::kValidation,
                    fmt::format("The module {} subscribes durably to {}, which is not a durable event.",
                                module, key));
}

std::optional<std::string> Catalogue::doubt(std::string_view key) const {
    if (entries_.contains(key) || !modules_.contains(moduleOf(key)))
        return std::nullopt;
    return fmt::format("The module {} declares no event {}; nothing will come.", moduleOf(key), key);
}

} // namespace core::event
