#include "core/http/principal.h"

#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/encoding.h"

namespace core::http {

std::string_view roleName(Role role) noexcept {
    constexpr std::string_view kNames[] = {"viewer", "operator", "admin"};
    return kNames[static_cast<int>(role)];
}

std::optional<Role> parseRole(std::string_view text) noexcept {
    for (const Role role : {Role::viewer, Role::operator_, Role::admin})
        if (roleName(role) == text)
            return role;
    return std::nullopt;
}

std::string_view principalKindName(PrincipalKind kind) noexcept {
    constexpr std::string_view kNames[] = {"user", "api_token", "agent", "registration"};
    return kNames[static_cast<int>(kind)];
}

namespace {
constexpr std::string_view kTopic = "core.credentials";
}

Authenticator::~Authenticator() = default;

struct Authentication::State {
    struct Entry {
        std::string key;
        Authenticator::Verified verified;
    };
    const Clock* clock = nullptr;
    std::size_t limit = 0;
    std::mutex mutex;
    std::vector<std::shared_ptr<Authenticator>> authenticators;
    std::list<Entry> entries; // the most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> byKey;
    /// Grows with every forget(): what was verified before must not be remembered after.
    std::uint64_t generation = 0;
    std::string incomplete;

    Wakeups* wakeups = nullptr;
    WakeupSubscription shared;

    void drop(const Uuid& revoked);
    template <typename P>
    void eraseIf(P predicate) {
        const std::lock_guard lock(mutex);
        ++generation;
        for (auto it = entries.begin(); it != entries.end();) {
            if (predicate(it->verified.principal)) {
                byKey.erase(it->key);
                it = entries.erase(it);
            } else {
                ++it;
            }
        }
    }
};

Authentication::Authentication(const Clock& clock, std::size_t remembered)
    : state_(std::make_unique<State>()) {
    state_->clock = &clock;
    state_->limit = remembered;
}
Authentication::~Authentication() = default;

void Authentication::add(std::shared_ptr<Authenticator> authenticator) {
    const std::lock_guard lock(state_->mutex);
    state_->authenticators.push_back(std::move(authenticator));
}

void Authentication::setIncomplete(std::string reason) {
    const std::lock_guard lock(state_->mutex);
    state_->incomplete = std::move(reason);
}

Result<Principal> Authentication::authenticate(const Credentials& credentials) {
    if (credentials.secret.empty() || credentials.secret.size() > 8192)
        return Error(errors::kInvalidToken, "The credentials are empty or too long.");
    const std::string key = sha256(std::string(1, static_cast<char>(credentials.scheme)) + credentials.user +
                                   '\0' + credentials.secret);
    const Instant now = state_->clock->now();
    std::vector<std::shared_ptr<Authenticator>> authenticators;
    std::uint64_t generation = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto found = state_->byKey.find(key); found != state_->byKey.end()) {
            if (now < found->second->verified.validUntil) {
                state_->entries.splice(state_->entries.begin(), state_->entries, found->second);
                return found->second->verified.principal;
            }
            state_->entries.erase(found->second);
            state_->byKey.erase(found);
        }
        authenticators = state_->authenticators;
        generation = state_->generation;
    }
    for (const auto& authenticator : authenticators) {
        auto answer = authenticator->authenticate(credentials);
        if (!answer)
            continue;
        if (!answer->ok())
            return answer->error();
        const std::lock_guard lock(state_->mutex);
        // A revocation that came in between may concern this very token.
        if (generation == state_->generation && !state_->byKey.contains(key)) {
            state_->entries.push_front({key, answer->value()});
            state_->byKey[key] = state_->entries.begin();
            if (state_->entries.size() > state_->limit) {
                state_->byKey.erase(state_->entries.back().key);
                state_->entries.pop_back();
            }
        }
        return answer->value().principal;
    }
    const std::lock_guard lock(state_->mutex);
    if (!state_->incomplete.empty())
        return Error(errors::kUnavailable, "These credentials cannot be verified now: " + state_->incomplete);
    return Error(errors::kInvalidToken, "The credentials are not valid.");
}

void Authentication::State::drop(const Uuid& revoked) {
    eraseIf([&](const Principal& known) { return known.id == revoked || known.session == revoked; });
}

void Authentication::forget(const Uuid& revoked) {
    if (state_->wakeups != nullptr)
        state_->wakeups->publish(kTopic, revoked.toString()); // the handler below is among those it calls
    else
        state_->drop(revoked);
}

void Authentication::share(Wakeups& wakeups) {
    state_->wakeups = &wakeups;
    state_->shared =
        wakeups.subscribe(std::string(kTopic), [state = state_.get()](std::optional<std::string_view> key) {
            const auto revoked = key ? Uuid::parse(*key) : std::nullopt;
            if (revoked)
                state->drop(*revoked);
            else
                state->eraseIf([](const Principal&) { return true; });
        });
}

} // namespace core::http
