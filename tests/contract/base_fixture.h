#pragma once

#include "base_migrations.h"
#include "contract/db_fixture.h"
#include "core/http/principal.h"
#include "core/testing/fake_clock.h"
#include "services.h"

namespace test {

/// The base module's objects on a fresh database, with a clock that is moved by hand and cheap passwords.
class BaseParts : public BothDatabases {
protected:
    static std::vector<ModuleMigrations> schema() { return {{"base", base_migrations(GetParam())}}; }

    BaseParts() {
        db.setAuditWriter([this](Transaction& tx, const Uuid* owner, const core::AuditEntry& entry) {
            parts.audit.write(tx, owner, entry);
        });
    }
    template <typename F>
    auto system(F&& work) {
        return db.transact(SystemContext("test"), std::forward<F>(work));
    }
    base::TenantRow tenant(const std::string& name) {
        return system([&](Transaction& tx) { return parts.tenants->create(tx, name); });
    }
    base::Member user(const Uuid& tenantId, const std::string& email,
                      core::http::Role role = core::http::Role::viewer, bool ofSystem = false) {
        return parts.users.create(tenantId, {email, kPassword, "Name of " + email, role, ofSystem},
                                  SystemContext("test"));
    }
    base::SignedIn login(const std::string& email, const std::string& password = kPassword,
                         const std::optional<Uuid>& wanted = {}) {
        return parts.signIn.login(email, password, wanted, {"127.0.0.1", "r1", nullptr});
    }
    /// An invitation by the host's operator.
    std::string invite(const Uuid& tenantId, const std::string& email,
                       core::http::Role role = core::http::Role::viewer) {
        core::http::Principal operatorOfTheHost;
        operatorOfTheHost.kind = core::http::PrincipalKind::apiToken;
        operatorOfTheHost.id = newId();
        return inviteBy(operatorOfTheHost, tenantId, email, role);
    }
    std::string inviteBy(const core::http::Principal& caller, const Uuid& tenantId, const std::string& email,
                         core::http::Role role = core::http::Role::viewer) {
        std::string token;
        parts.invitations.invite(tenantId, caller, {email, "Name of " + email, role}, SystemContext("test"),
                                 [&](const base::Invitations::Made& made) { token = made.token; });
        return token;
    }
    /// An account becomes a member of a further tenant, as its holder.
    void join(const Uuid& tenantId, const std::string& email,
              core::http::Role role = core::http::Role::viewer) {
        const auto token = invite(tenantId, email, role);
        const auto account =
            system([&](Transaction& tx) { return parts.users.store().findByEmail(tx, email).value(); });
        core::http::Principal holder;
        holder.id = account.id;
        holder.name = email;
        parts.invitations.accept(token, {}, holder, {"127.0.0.1", "r1", nullptr});
    }
    core::Result<core::http::Principal> who(const std::string& token) {
        return authentication.authenticate({core::http::Credentials::Scheme::bearer, token, {}});
    }
    /// A context whose changes owe an audit entry, as a request's.
    static SystemContext owing(const std::string& action, const std::optional<Uuid>& owner) {
        auto trail = std::make_shared<core::AuditTrail>();
        trail->pending = true;
        trail->entry.action = action;
        trail->entry.actorKind = "user";
        trail->entry.actorName = "tester";
        trail->entry.tenant = owner;
        return SystemContext("test", trail);
    }
    static inline const std::string kPassword = "correct horse";

    TestDatabase fixture{GetParam(), schema()};
    Database& db = fixture.db();
    FakeClock clock;
    core::http::Authentication authentication{clock};
    TempDir dataDir;
    base::Parts parts{db,
                      clock,
                      authentication,
                      fixture.log.logger(),
                      {.jwtKey = std::string(32, 'j'),
                       .vaultKey = std::string(32, 'v'),
                       .bcryptCost = 4,
                       .lifetimes = {},
                       .dataDir = dataDir.path()}};
};

} // namespace test
