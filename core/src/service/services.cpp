#include "core/service.h"

#include <map>
#include <mutex>

namespace core {

struct Services::State {
    mutable std::mutex mutex;
    std::map<std::string, std::any, std::less<>> services;
};

Services::Services() : state_(std::make_unique<State>()) {}
Services::~Services() = default;

void Services::provideRaw(std::string_view name, std::any service) {
    const std::lock_guard lock(state_->mutex);
    if (!state_->services.emplace(std::string(name), std::move(service)).second)
        throw Error(errors::kConflict, "The service " + std::string(name) + " is already provided.");
}

std::any Services::findRaw(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->services.find(name);
    return found != state_->services.end() ? found->second : std::any();
}

void Services::missing(std::string_view name) {
    throw Error(errors::kUnavailable,
                "No module provides the service " + std::string(name) + "; is its module loaded?");
}

} // namespace core
