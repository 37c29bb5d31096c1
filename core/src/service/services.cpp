#include "core/service.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include <fmt/format.h>

namespace core {

namespace detail {

struct ServiceSlot::State {
    std::string name;
    std::string provider;
    std::shared_ptr<void> object;
    const std::type_info& type;
    mutable std::mutex mutex;
    std::condition_variable idle;
    int calls = 0;
    bool closed = false;
};

ServiceSlot::ServiceSlot(std::string name, std::string provider, std::shared_ptr<void> object,
                         const std::type_info& type)
    : state_(new State{std::move(name), std::move(provider), std::move(object), type, {}, {}, 0, false}) {}
ServiceSlot::~ServiceSlot() = default;

void* ServiceSlot::enter() {
    const std::lock_guard lock(state_->mutex);
    if (state_->closed)
        throw Error(errors::kUnavailable, fmt::format("The service {} is gone: the module {}, which provided "
                                                      "it, has stopped.",
                                                      state_->name, state_->provider));
    ++state_->calls;
    return state_->object.get();
}

void ServiceSlot::leave() noexcept {
    const std::lock_guard lock(state_->mutex);
    if (--state_->calls == 0)
        state_->idle.notify_all();
}

void ServiceSlot::close() noexcept {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
}

bool ServiceSlot::drain(std::chrono::milliseconds limit) noexcept {
    std::unique_lock lock(state_->mutex);
    return state_->idle.wait_for(lock, limit, [this] { return state_->calls == 0; });
}

bool ServiceSlot::open() const noexcept {
    const std::lock_guard lock(state_->mutex);
    return !state_->closed;
}
const std::string& ServiceSlot::name() const noexcept {
    return state_->name;
}
const std::string& ServiceSlot::provider() const noexcept {
    return state_->provider;
}
const std::type_info& ServiceSlot::type() const noexcept {
    return state_->type;
}

} // namespace detail

using detail::ServiceSlot;

struct Services::Registry {
    mutable std::mutex mutex;
    std::map<std::string, std::shared_ptr<ServiceSlot>, std::less<>> slots;
};

Services::Services() : registry_(std::make_shared<Registry>()) {}
Services::Services(std::shared_ptr<Registry> registry, std::string module)
    : registry_(std::move(registry)), module_(std::move(module)) {}
Services::~Services() = default;
Services::Services(Services&&) noexcept = default;

Services Services::forModule(std::string module) const {
    return {registry_, std::move(module)};
}

void Services::provideRaw(std::string_view name, std::shared_ptr<void> service, const std::type_info& type) {
    const std::lock_guard lock(registry_->mutex);
    auto& slot = registry_->slots[std::string(name)];
    if (slot && slot->open())
        throw Error(errors::kConflict,
                    fmt::format("The service {} is already provided{}{}.", name,
                                slot->provider().empty() ? "" : " by the module ", slot->provider()));
    slot = std::make_shared<ServiceSlot>(std::string(name), module_, std::move(service), type);
}

std::shared_ptr<ServiceSlot> Services::findRaw(std::string_view name, const std::type_info& type) const {
    const std::lock_guard lock(registry_->mutex);
    const auto found = registry_->slots.find(name);
    if (found == registry_->slots.end())
        return nullptr;
    if (found->second->type() != type)
        throw Error(errors::kInternal, fmt::format("The service {} is provided as another type than the one "
                                                   "that is asked for.",
                                                   name));
    return found->second;
}

void Services::missing(std::string_view name) const {
    // Another version of the same service tells more than "nobody provides it".
    const auto base = name.substr(0, name.rfind('/') + 1);
    std::string others;
    {
        const std::lock_guard lock(registry_->mutex);
        for (auto at = registry_->slots.lower_bound(base);
             at != registry_->slots.end() && !base.empty() && at->first.starts_with(base); ++at)
            if (at->second->open())
                others +=
                    fmt::format("{}{} by {}", others.empty() ? "" : ", ", at->first, at->second->provider());
    }
    if (!others.empty())
        throw Error(errors::kUnavailable, fmt::format("No module provides the service {}; there is {}. Use "
                                                      "modules that agree on the version.",
                                                      name, others));
    throw Error(errors::kUnavailable,
                fmt::format("No module provides the service {}; is its module loaded?", name));
}

bool Services::withdraw(std::chrono::milliseconds limit) noexcept {
    std::vector<std::shared_ptr<ServiceSlot>> mine;
    {
        const std::lock_guard lock(registry_->mutex);
        for (const auto& [name, slot] : registry_->slots)
            if (slot->provider() == module_ && slot->open())
                mine.push_back(slot);
    }
    for (const auto& slot : mine)
        slot->close();
    const auto until = std::chrono::steady_clock::now() + limit;
    bool drained = true;
    for (const auto& slot : mine) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        drained = slot->drain(std::max(left, std::chrono::milliseconds{0})) && drained;
    }
    return drained;
}

} // namespace core
