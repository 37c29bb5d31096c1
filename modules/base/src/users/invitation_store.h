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

struct InvitationRow {
    core::Uuid id;
    core::Uuid tenant;
    std::string email;
    std::string name;
    core::http::Role role = core::http::Role::viewer;
    std::optional<core::Uuid> createdBy; ///< who invited; none: the host's operator
    core::Instant createdAt;
    core::Instant expiresAt;
};

/// Open invitations. A row ends when it is accepted, withdrawn or replaced. list() runs in a tenant's
/// context, everything else in a system context.
class InvitationStore {
public:
    explicit InvitationStore(const core::Clock& clock) : clock_(clock) {}

    /// Takes the place of an older one for the same address and tenant. Only the token's SHA-256 is kept.
    void put(core::db::Transaction& tx, const InvitationRow& row, std::string_view token) const;
    /// The one that can be accepted now.
    [[nodiscard]] std::optional<InvitationRow> findByToken(core::db::Transaction& tx,
                                                           std::string_view token) const;
    [[nodiscard]] std::optional<InvitationRow> find(core::db::Transaction& tx, const core::Uuid& tenant,
                                                    const core::Uuid& id) const;
    /// False if it was not there (any more).
    bool remove(core::db::Transaction& tx, const core::Uuid& tenant, const core::Uuid& id) const;
    [[nodiscard]] std::int64_t countOthers(core::db::Transaction& tx, const core::Uuid& tenant,
                                           const std::string& email) const;
    /// Newest first, one more than the limit if there are more; only those that have not expired.
    [[nodiscard]] std::vector<InvitationRow> list(core::db::Transaction& tx, const core::Uuid& tenant,
                                                  const std::optional<core::http::Cursor>& after,
                                                  int limit) const;
    /// Forgets what has expired.
    std::int64_t clean(core::db::Transaction& tx) const;

private:
    const core::Clock& clock_;
};

} // namespace base
