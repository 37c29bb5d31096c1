#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/http/principal.h"
#include "core/time.h"

namespace base {

/// A sign-in as it stands now.
struct SessionView {
    core::Uuid user;
    core::Uuid tenant;
    std::string email;
    bool active = false; ///< user active, session not revoked
    bool system = false;
    std::optional<core::http::Role> role; ///< in that tenant; none when the membership ended
};

/// Sign-ins and their refresh tokens. All in a system context.
class SessionStore {
public:
    explicit SessionStore(const core::Clock& clock) : clock_(clock) {}

    core::Uuid create(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant,
                      const std::string& address) const;
    /// Makes `token` a refresh token of the session; nothing happens if it is one already.
    void issue(core::db::Transaction& tx, const core::Uuid& session, std::string_view token,
               core::Instant expiresAt) const;

    enum class Spend { good, unknown, expired, reused };
    struct Spent {
        Spend outcome = Spend::unknown;
        core::Uuid session = {};
        core::Instant at = {}; ///< of a reused one: when it was spent
    };
    /// Spends a refresh token: good exactly once. Of two at once one is good and the other reused.
    Spent spend(core::db::Transaction& tx, std::string_view token) const;
    /// When a token was spent; nullopt for one that is good still, or unknown.
    [[nodiscard]] std::optional<core::Instant> spentAt(core::db::Transaction& tx,
                                                       std::string_view token) const;
    /// Spends all tokens of a session, for one that takes their place.
    void spendAll(core::db::Transaction& tx, const core::Uuid& session) const;

    /// How the session stands for one tenant (its own if none is given); nullopt if there is no such session.
    [[nodiscard]] std::optional<SessionView> view(core::db::Transaction& tx, const core::Uuid& session,
                                                  const std::optional<core::Uuid>& tenant = {}) const;
    void setTenant(core::db::Transaction& tx, const core::Uuid& session, const core::Uuid& tenant) const;
    void revoke(core::db::Transaction& tx, const core::Uuid& session) const;
    /// All of a user but one.
    void revokeOthers(core::db::Transaction& tx, const core::Uuid& user,
                      const std::optional<core::Uuid>& keep) const;
    /// Forgets what ended a day ago. Returns the number of rows.
    std::int64_t clean(core::db::Transaction& tx) const;

private:
    const core::Clock& clock_;
};

} // namespace base
