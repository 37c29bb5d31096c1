#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/audit_pruner.h"
#include "audit/audit_store.h"
#include "auth/jwt.h"
#include "auth/refusals.h"
#include "auth/sign_in.h"
#include "bootstrap.h"
#include "tenants/tenant_names.h"
#include "tenants/tenant_store.h"
#include "tokens/api_token_store.h"
#include "users/invitations.h"
#include "users/user_service.h"
#include "vault/key_ring.h"
#include "vault/rotation.h"
#include "vault/vault.h"

namespace base {

/// How the module is set up, read from its settings.
struct Setup {
    std::string jwtKey;
    std::string vaultKey;
    /// Further keys that may have sealed secrets.
    std::vector<std::string> vaultKeysBefore = {};
    /// The vault's key is given in the settings: no file is to be changed.
    bool vaultKeyIsGiven = false;
    int bcryptCost = 12;
    SignIn::Lifetimes lifetimes;
    std::filesystem::path dataDir;
};

/// The module's objects, wired once. Members are used by routes, commands and jobs; thread-safe as they are.
struct Parts {
    Parts(core::db::Database& db, const core::Clock& time, core::http::Authentication& authentication,
          const core::Logger& log, const Setup& setup);

    core::db::Database& database;
    const core::Clock& clock;
    core::http::Authentication& authentication;
    AuditStore audit;
    AuditPruner auditPruner;
    std::shared_ptr<JwtSigner> signer;
    std::shared_ptr<const KeyRing> vaultKeys;
    std::shared_ptr<Vault> vault;
    VaultRotation vaultRotation;
    std::shared_ptr<TenantStore> tenants;
    std::shared_ptr<TenantNames> tenantNames;
    PasswordHasher hasher;
    Refusals refusals;
    SignIn signIn;
    UserService users;
    Invitations invitations;
    ApiTokenStore tokens;
    SessionStore sessions;
    Bootstrap bootstrap;
};

} // namespace base
