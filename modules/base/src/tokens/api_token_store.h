#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/http/principal.h"
#include "core/time.h"

namespace base {

struct ApiTokenRow {
    core::Uuid id;
    std::optional<core::Uuid> tenant; ///< none: a system token
    std::string name;
    std::string prefix; ///< its first characters, to recognise it by
    core::http::Role role = core::http::Role::viewer;
    std::optional<core::Uuid> createdBy; ///< the person on whose rights it stands; none: the host's operator
    core::Instant createdAt;
    std::optional<core::Instant> expiresAt;
    std::optional<core::Instant> lastUsedAt;
    std::optional<core::Instant> revokedAt;
};

/// Tokens of scripts and machines. Only their SHA-256 is kept.
class ApiTokenStore {
public:
    /// What every API token begins with.
    static constexpr std::string_view kMark = "aeb_";
    explicit ApiTokenStore(const core::Clock& clock) : clock_(clock) {}

    struct Created {
        ApiTokenRow row;
        std::string token; ///< shown once
    };
    Created create(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant,
                   const std::string& name, core::http::Role role, const std::optional<core::Uuid>& createdBy,
                   const std::optional<core::Instant>& expiresAt) const;
    /// A token with what its owner may do now.
    struct Standing {
        ApiTokenRow row;
        bool ownerActive = true; ///< false also for an owner who does not exist any more
        bool ownerSystem = false;
        std::optional<core::http::Role>
            ownerRole; ///< in the token's tenant; none without a membership that admits

        /// What it may do: no more than its owner may. nullopt: nothing.
        [[nodiscard]] std::optional<core::http::Role> role() const;
    };
    /// In a system context: whose token this is, whatever its state.
    [[nodiscard]] std::optional<Standing> findByToken(core::db::Transaction& tx,
                                                      std::string_view token) const;
    [[nodiscard]] std::vector<core::Uuid> createdBy(core::db::Transaction& tx, const core::Uuid& user) const;
    /// The person behind a caller: a user, or whom the API token stands on. nullopt: the host's operator.
    [[nodiscard]] std::optional<core::Uuid> personOf(core::db::Transaction& tx,
                                                     const core::http::Principal& caller) const;
    void used(core::db::Transaction& tx, const core::Uuid& id) const;

    // Without a tenant: system tokens.
    [[nodiscard]] std::optional<ApiTokenRow>
    find(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant, const core::Uuid& id) const;
    void rename(core::db::Transaction& tx, const core::Uuid& id, const std::string& name) const;
    void revoke(core::db::Transaction& tx, const core::Uuid& id) const;
    /// Newest first, one more than the limit if there are more.
    [[nodiscard]] std::vector<ApiTokenRow> list(core::db::Transaction& tx,
                                                const std::optional<core::Uuid>& tenant,
                                                const std::optional<core::http::Cursor>& after,
                                                int limit) const;

private:
    const core::Clock& clock_;
};

} // namespace base
