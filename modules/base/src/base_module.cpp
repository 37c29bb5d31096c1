#include "base_module.h"

#include <iostream>

#include <fmt/format.h>
#include <sys/stat.h>

#include "api/routes.h"
#include "base_migrations.h"
#include "commands.h"
#include "core/encoding.h"
#include "core/random.h"
#include "tokens/api_token_authenticator.h"
#include "vault/keys.h"

namespace base {

using core::config::SettingType;

namespace {
std::optional<std::string> checkJwtSecret(const std::string& text) {
    return text.size() < 32 ? std::optional<std::string>("must have at least 32 bytes") : std::nullopt;
}
std::optional<std::string> checkKept(const std::string& text) {
    const auto kept = core::parseDuration(text);
    return kept && kept->count() != 0 && *kept < std::chrono::hours(24)
               ? std::optional<std::string>("must be 0 (for ever) or at least 1d")
               : std::nullopt;
}
std::optional<std::string> checkEncryptionKey(const std::string& text) {
    try {
        parseEncryptionKey(text);
        return std::nullopt;
    } catch (const core::Error&) {
        return "must be 32 bytes as base64 or hex, for example from: openssl rand -base64 32";
    }
}
/// A vault that is sealed was sealed by a host that had both keys: new ones would open nothing, sign
/// everybody out and shut out every agent.
void refuseLostKeys(core::db::Database& database, const std::filesystem::path& folder, bool hasVaultKey) {
    const auto sealedBy = Vault::sealedBy(database);
    if (!sealedBy)
        return;
    if (!hasVaultKey)
        throw core::Error(
            core::errors::kUnavailable,
            fmt::format("{} is missing, and the key {} sealed the vault of this database: put the file back "
                        "from its backup, or give that key as BACKUP_ENCRYPTION_KEY",
                        (folder / kVaultKeyFile).string(), *sealedBy));
    throw core::Error(
        core::errors::kUnavailable,
        fmt::format("{} is missing, and this database is in use: put the file back from its backup, or give "
                    "the secret as AE_JWT_SECRET. With a new one everybody would be signed out and every "
                    "agent would have to be enrolled again; where that is meant, give a new one so",
                    (folder / "jwt-secret").string()));
}
} // namespace

BaseModule::BaseModule() = default;
BaseModule::~BaseModule() = default;

std::string_view BaseModule::version() const {
    return "0.1.0";
}

std::vector<core::config::Setting> BaseModule::settings() const {
    return {
        {.key = "security.jwt_secret",
         .doc = "Signs the tokens of people and agents: at least 32 bytes, the same on every host of one "
                "database; "
                "default: made once and kept in keys/jwt-secret of the data folder",
         .environment = "AE_JWT_SECRET",
         .secret = true,
         .seedName = "TokenSecret",
         .check = checkJwtSecret},
        {.key = "security.encryption_key",
         .doc = "Encrypts the vault: 32 bytes as base64 or hex, the same on every host of one database; "
                "default: made "
                "once and kept in keys/encryption-key of the data folder",
         .environment = "BACKUP_ENCRYPTION_KEY",
         .secret = true,
         .check = checkEncryptionKey},
        {.key = "security.encryption_key_before",
         .doc = "The key before it, while the vault goes from that to security.encryption_key: `ae-backend "
                "vault "
                "rotate`",
         .environment = "BACKUP_ENCRYPTION_KEY_BEFORE",
         .secret = true,
         .check = checkEncryptionKey},
        {.key = "auth.access_token_ttl",
         .type = SettingType::duration,
         .defaultValue = "15m",
         .doc = "How long an access token of a person is good",
         .min = 10000,
         .max = 86400000},
        {.key = "auth.refresh_token_ttl",
         .type = SettingType::duration,
         .defaultValue = "30d",
         .doc = "How long a person stays signed in without using it",
         .min = 60000},
        {.key = "auth.bcrypt_cost",
         .type = SettingType::integer,
         .defaultValue = "12",
         .doc = "Cost of hashing a password; each step doubles it",
         .min = 10,
         .max = 16},
        {.key = "audit.keep",
         .type = SettingType::duration,
         .defaultValue = "365d",
         .doc = "How long entries of the audit log are kept. 0: for ever",
         .min = 0,
         .max = 100LL * 365 * 24 * 3600 * 1000,
         .check = checkKept},
        {.key = "bootstrap.admin_email",
         .doc = "Address of the first administrator of an empty database",
         .environment = "AE_BOOTSTRAP_ADMIN_EMAIL"},
        {.key = "bootstrap.admin_password",
         .doc = "Password of the first administrator of an empty database",
         .environment = "AE_BOOTSTRAP_ADMIN_PASSWORD",
         .secret = true},
    };
}

std::vector<core::db::Migration> BaseModule::migrations(core::db::Dialect dialect) const {
    return base_migrations(dialect);
}

std::vector<core::Entity> BaseModule::entities() const {
    return {{"tenant", "tenants"},         {"user", "users"},       {"membership", "memberships"},
            {"invitation", "invitations"}, {"session", "sessions"}, {"api token", "api_tokens"},
            {"audit entry", "audit_log"},  {"secret", "secrets"}};
}

std::vector<core::Command> BaseModule::commands() {
    return base::commands([this]() -> Parts& { return *parts_; });
}

void BaseModule::initialize(core::ModuleContext& context) {
    context_ = &context;
    const auto& config = context.config();
    Setup setup;
    setup.dataDir = config.text("data_dir");
    setup.bcryptCost = static_cast<int>(config.integer("auth.bcrypt_cost"));
    setup.lifetimes.access =
        std::chrono::duration_cast<std::chrono::seconds>(config.duration("auth.access_token_ttl"));
    setup.lifetimes.refresh =
        std::chrono::duration_cast<std::chrono::seconds>(config.duration("auth.refresh_token_ttl"));

    const auto folder = setup.dataDir / "keys";
    const auto secret = config.text("security.jwt_secret");
    const auto given = config.text("security.encryption_key");
    std::vector<std::filesystem::path> made;
    const auto make = [&](const char* file, const char* variable) {
        if (context.onlyLooks()) // one that is not there yet is stood in for
            return core::sha256(core::randomToken(32));
        const auto key = keepKey(folder, file);
        if (key.made) {
            made.push_back(key.file);
            context.log().warn("made a key; back up this file, without it the data it protects is lost",
                               {{"file", key.file.string()}});
            if (context.database().dialect() == core::db::Dialect::postgresql)
                context.log().warn(
                    "on a database that several hosts share, each of them must be given the same key",
                    {{"setting", variable}});
        }
        return key.bytes;
    };
    auto jwtKey = secret.empty() ? findKey(folder, "jwt-secret") : std::optional(secret);
    auto vaultKey = given.empty() ? findKey(folder, kVaultKeyFile) : std::optional(parseEncryptionKey(given));
    if (!jwtKey || !vaultKey)
        refuseLostKeys(context.database(), folder, vaultKey.has_value());
    setup.vaultKey = vaultKey ? *vaultKey : make(kVaultKeyFile, "BACKUP_ENCRYPTION_KEY");
    setup.vaultKeyIsGiven = !given.empty();
    if (const auto before = config.text("security.encryption_key_before"); !before.empty())
        setup.vaultKeysBefore.push_back(parseEncryptionKey(before));
    setup.jwtKey = jwtKey ? *jwtKey : make("jwt-secret", "AE_JWT_SECRET");

    parts_ = std::make_unique<Parts>(context.database(), context.clock(), context.authentication(),
                                     context.log(), setup);
    try {
        if (context.onlyLooks())
            parts_->vault->check(context.database());
        else
            parts_->vault->seal(context.database());
    } catch (...) {
        // Another host sealed the vault meanwhile: keys made a moment ago would only be taken for the right
        // ones.
        for (const auto& file : made)
            std::filesystem::remove(file);
        throw;
    }
    context.database().setAuditWriter(
        [this](core::db::Transaction& tx, const core::Uuid* tenant, const core::AuditEntry& entry) {
            parts_->audit.write(tx, tenant, entry);
        });
    context.authentication().add(
        std::make_shared<SessionAuthenticator>(context.database(), context.clock(), *parts_->signer));
    context.authentication().add(
        std::make_shared<ApiTokenAuthenticator>(context.database(), context.clock()));
    context.services().provide<SecretVault>(parts_->vault);
    context.services().provide<TenantLimits>(parts_->tenants);
    context.services().provide<TenantDirectory>(parts_->tenantNames);
    context.services().provide<TokenSigner>(parts_->signer);
}

std::vector<core::http::Route> BaseModule::routes() {
    std::vector<core::http::Route> all;
    for (auto* part : {&api::authRoutes, &api::userRoutes, &api::invitationRoutes, &api::tenantRoutes,
                       &api::tokenRoutes, &api::auditRoutes})
        for (auto& route : (*part)(*parts_))
            all.push_back(std::move(route));
    return all;
}

void BaseModule::start() {
    parts_->bootstrap.ensureTenant();
    const auto& config = context_->config();
    parts_->bootstrap.ensureAdmin(
        {config.text("bootstrap.admin_email"), config.text("bootstrap.admin_password")}, std::cout);
    context_->jobs().everyOnOneHost("sessions", std::chrono::hours(6), [this](core::JobRun& run) {
        parts_->database.transact(core::SystemContext("old sessions"), [&](core::db::Transaction& tx) {
            run.fence(tx);
            parts_->sessions.clean(tx);
            InvitationStore(parts_->clock).clean(tx);
        });
    });
    if (const auto keep = config.duration("audit.keep"); keep.count() > 0)
        context_->jobs().everyOnOneHost("audit", std::chrono::hours(1), [this, keep](core::JobRun& run) {
            parts_->auditPruner.run(
                keep, [&run](core::db::Transaction& tx) { run.fence(tx); }, run.stop());
        });
}

void BaseModule::stop() noexcept {}

} // namespace base
