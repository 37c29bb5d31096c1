#include "core/http/route.h"

namespace core::http {

namespace {
constexpr unsigned bit(PrincipalKind kind) {
    return 1U << static_cast<unsigned>(kind);
}
constexpr unsigned kPeople = bit(PrincipalKind::user) | bit(PrincipalKind::apiToken);
} // namespace

Permission Permission::open() {
    Permission permission;
    permission.name_ = "open";
    permission.declared_ = true;
    permission.open_ = true;
    return permission;
}

Permission Permission::role(std::string name, Role least) {
    Permission permission;
    permission.name_ = std::move(name);
    permission.least_ = least;
    permission.kinds_ = kPeople;
    permission.declared_ = true;
    return permission;
}

Permission Permission::agent(std::string name) {
    Permission permission;
    permission.name_ = std::move(name);
    permission.kinds_ = bit(PrincipalKind::agent);
    permission.declared_ = true;
    return permission;
}

Permission Permission::registration(std::string name) {
    Permission permission;
    permission.name_ = std::move(name);
    permission.kinds_ = bit(PrincipalKind::registration);
    permission.declared_ = true;
    return permission;
}

Permission Permission::system(std::string name) {
    Permission permission;
    permission.name_ = std::move(name);
    permission.kinds_ = kPeople;
    permission.system_ = true;
    permission.declared_ = true;
    return permission;
}

Permission Permission::orAgent() const {
    Permission permission = *this;
    permission.kinds_ |= bit(PrincipalKind::agent);
    return permission;
}

bool Permission::admitsKind(PrincipalKind kind) const noexcept {
    return (kinds_ & bit(kind)) != 0;
}

bool Permission::admits(const Principal& principal) const noexcept {
    if (open_)
        return true;
    if (!declared_ || !admitsKind(principal.kind))
        return false;
    if (system_)
        return principal.system;
    const bool isPerson = (bit(principal.kind) & kPeople) != 0;
    return !isPerson || (least_ && principal.role && *principal.role >= *least_);
}

Audit Audit::action(std::string name) {
    Audit audit;
    audit.action_ = std::move(name);
    return audit;
}

Audit Audit::exempt(std::string reason) {
    Audit audit;
    audit.reason_ = std::move(reason);
    return audit;
}

Throttle Throttle::failuresOf(Account account) {
    Throttle throttle;
    throttle.account_ = std::move(account);
    return throttle;
}

Throttle Throttle::failuresOfCaller() {
    return failuresOf([](const Request& request) { return request.principal().id.toString(); });
}

} // namespace core::http
