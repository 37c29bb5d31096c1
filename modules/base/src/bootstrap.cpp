#include "bootstrap.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/errors.h"
#include "core/json.h"
#include "core/random.h"
#include "vault/keys.h"

namespace base {

using core::Error;
using core::SystemContext;
using core::db::Transaction;

Bootstrap::Bootstrap(core::db::Database& database, const TenantStore& tenants, UserService& users,
                     std::filesystem::path dataDir, core::Logger log)
    : database_(database), tenants_(tenants), users_(users), dataDir_(std::move(dataDir)),
      log_(std::move(log)) {}

void Bootstrap::ensureTenant() {
    database_.transact(SystemContext("first start"),
                       [&](Transaction& tx) { tenants_.ensureDefault(tx, kTenant); });
}

void Bootstrap::ensureAdmin(const Given& given, std::ostream& out) {
    struct Found {
        bool anybody = false;
        std::optional<TenantRow> tenant;
    };
    const auto found = database_.read(SystemContext("first start"), [&](Transaction& tx) {
        auto tenant = tenants_.findDefault(tx);
        if (const auto others = tenants_.list(tx, {}, {}, 1); !tenant && !others.empty())
            tenant = others.front();
        return Found{users_.store().any(tx), tenant};
    });
    if (found.anybody || !found.tenant)
        return;
    if (given.email.empty() != given.password.empty())
        throw Error(core::errors::kValidation,
                    "AE_BOOTSTRAP_ADMIN_EMAIL and AE_BOOTSTRAP_ADMIN_PASSWORD are given together "
                    "or not at all.");
    const bool invented = given.email.empty();
    UserService::NewUser admin;
    admin.email = invented ? "admin@localhost" : given.email;
    admin.password = invented ? core::randomToken(15) : given.password;
    admin.name = "Administrator";
    admin.role = core::http::Role::admin;
    admin.system = true;
    if (!invented)
        if (const auto problem = PasswordHasher::problemWith(admin.password))
            throw Error(core::errors::kValidation, "AE_BOOTSTRAP_ADMIN_PASSWORD " + *problem + ".");
    if (invented)
        // First: a password that exists nowhere but in the database's hash would lock everybody out.
        writePrivateFile(file(), core::json::writePretty(core::json::Object{
                                     {"email", admin.email},
                                     {"password", admin.password},
                                     {"note", "This file disappears when the password is changed."}}) +
                                     "\n");
    try {
        users_.create(found.tenant->id, admin, SystemContext("first start"));
    } catch (const Error& error) {
        if (error.name() != errors::kUserExists.name)
            throw;
        if (invented)
            std::filesystem::remove(file());
        return; // another host was faster
    }
    log_.info("created the first administrator", {{"email", admin.email}});
    if (invented)
        out << fmt::format("First sign-in: {} with the password {} (kept in {} until it is changed)\n",
                           admin.email, admin.password, file().string())
            << std::flush;
}

void Bootstrap::passwordChanged(const std::string& email) const {
    std::ifstream in(file());
    if (!in)
        return;
    std::ostringstream text;
    text << in.rdbuf();
    const auto document = core::json::parse(text.str());
    if (document && document.value().stringOr("email") == email) {
        std::error_code ignored;
        std::filesystem::remove(file(), ignored);
    }
}

} // namespace base
