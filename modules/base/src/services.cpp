#include "services.h"

#include "core/encoding.h"

namespace base {

Parts::Parts(core::db::Database& db, const core::Clock& time, core::http::Authentication& auth,
             const core::Logger& log, const Setup& setup)
    : database(db), clock(time), authentication(auth), audit(time),
      auditPruner(db, time, audit, log.named("base.audit")),
      signer(std::make_shared<JwtSigner>(setup.jwtKey, time)),
      vaultKeys(std::make_shared<KeyRing>(setup.vaultKey, setup.vaultKeysBefore, setup.dataDir / "keys")),
      vault(std::make_shared<Vault>(vaultKeys, time)),
      vaultRotation(db, *vaultKeys, *vault, setup.vaultKeyIsGiven),
      tenants(std::make_shared<TenantStore>(time)), tenantNames(std::make_shared<TenantNames>(db, *tenants)),
      hasher(setup.bcryptCost), refusals(db, audit, time, log),
      signIn(db, time, *signer, hasher, auth, refusals, core::hmacSha256(setup.jwtKey, "refresh tokens"),
             setup.lifetimes),
      users(db, time, hasher, auth), invitations(db, time, hasher, signIn, *tenants, refusals), tokens(time),
      sessions(time), bootstrap(db, *tenants, users, setup.dataDir, log) {
    const auto forget = [this](const std::string& email) { bootstrap.passwordChanged(email); };
    signIn.passwordChanged = forget;
    users.passwordChanged = forget;
}

} // namespace base
