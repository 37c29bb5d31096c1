#include "core/http/principal.h"

#include <mutex>
#include <vector>

#include "core/encoding.h"
#include "lru.h"

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
    State(const Clock& time, std::size_t remembered) : clock(&time), verified(remembered) {}
    const Clock* clock;
    std::mutex mutex;
    std::vector<std::shared_ptr<Authenticator>> authenticators;
    LruMap<Authenticator::Verified> verified; // by what a caller has shown
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
        verified.eraseIf([&](const Authenticator::Verified& one) { return predicate(one.principal); });
    }
};

Authentication::Authentication(const Clock& clock, std::size_t remembered)
    : state_(std::make_unique<State>(clock, remembered)) {}
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
        if (const auto* found = state_->verified.find(key)) {
            if (now < found->validUntil)
                return found->principal;
            state_->verified.erase(key);
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
        if (generation == state_->generation && state_->verified.find(key) == nullptr)
            state_->verified.add(key, answer->value());
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
