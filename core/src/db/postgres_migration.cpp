#include <array>
#include <thread>

#include <fmt/format.h>

#include "core/db/migrate.h"
#include "core/error.h"
#include "db/postgres_connection.h"
#include "db/postgres_database.h"

namespace core::db {

namespace {

constexpr std::array<const char*, 2> kRoles{"ae_app", "ae_system"};
/// "ae-backend" read as a number: the advisory lock that migrating hosts take, per database.
constexpr auto kLock = "SELECT pg_advisory_lock(7019267296)";

class PostgresMigrationSession final : public MigrationSession {
public:
    explicit PostgresMigrationSession(const Location& location)
        : connection_(location, milliseconds(0)), user_(scalar("SELECT quote_ident(current_user)")) {}

    void prepare() override {
        ask(kLock);
        for (const char* role : kRoles)
            ensureRole(role);
        // The ledger first, so that the rights below do not make it writable for the host's own role.
        ask("CREATE TABLE IF NOT EXISTS schema_migrations (module TEXT NOT NULL, version INTEGER NOT NULL, "
            "description "
            "TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (module, "
            "version))");
        grantRights();
    }
    bool hasTable(const std::string& name) override {
        return !query("SELECT 1 FROM pg_class WHERE relname = $1 AND relnamespace = "
                      "current_schema()::regnamespace",
                      {name})
                    .empty();
    }
    void begin() override { ask("BEGIN"); }
    void commit() override { ask("COMMIT"); }
    [[nodiscard]] bool inTransaction() const override { return connection_.inTransaction(); }
    void rollback() noexcept override {
        try {
            if (connection_.inTransaction())
                connection_.simple("ROLLBACK");
        } catch (const std::exception&) {
            // The session ends now, and with it whatever was open.
        }
    }
    void script(const std::string& sql) override {
        try {
            connection_.simple(sql);
        } catch (const PgStatementFailed& failed) {
            if (failed.failure.state == "42501")
                denied(failed.failure);
            throw Error(kMigrationRefused, failed.failure.message);
        } catch (const PgConnectionLost& lost) {
            gone(lost);
        }
    }
    Rows query(std::string_view sql, const Params& params) override {
        try {
            connection_.queue(PgConnection::Scope::none, sql, params, true);
            return std::move(connection_.exchange().front());
        } catch (const PgStatementFailed& failed) {
            if (failed.failure.state == "42501")
                denied(failed.failure);
            failed.failure.raise();
        } catch (const PgConnectionLost& lost) {
            gone(lost);
        }
    }

private:
    [[noreturn]] static void gone(const PgConnectionLost& lost) {
        throw Error(errors::kDatabase, fmt::format("The database connection was lost: {}", lost.what()));
    }
    [[noreturn]] void denied(const PgFailure& failure) const {
        throw Error(
            errors::kDatabase,
            fmt::format(
                "The role {} of the database URL lacks a right: {}. Make it the owner of the database "
                "(ALTER DATABASE … OWNER TO {}), or run GRANT CREATE, USAGE ON SCHEMA public TO {}",
                user_, failure.message, user_, user_))
            .withDetail(failure.sql);
    }
    Rows ask(const std::string& sql) {
        try {
            return connection_.simple(sql);
        } catch (const PgStatementFailed& failed) {
            if (failed.failure.state == "42501")
                denied(failed.failure);
            failed.failure.raise();
        } catch (const PgConnectionLost& lost) {
            gone(lost);
        }
    }
    std::string scalar(const std::string& sql) {
        const auto rows = ask(sql);
        return rows.empty() || rows[0].isNull(0) ? "" : rows[0].text(0);
    }

    /// Roles belong to the whole server, so hosts that prepare other databases may be at it at the same time:
    /// look, act, and look again when somebody was faster.
    void ensureRole(const std::string& role) {
        constexpr int kTries = 10;
        for (int attempt = 1;; ++attempt) {
            const auto state =
                ask(fmt::format("SELECT rolsuper OR rolbypassrls, pg_has_role(current_user, oid, 'MEMBER') "
                                "FROM pg_roles WHERE rolname = '{}'",
                                role));
            if (!state.empty() && state[0].boolean(0))
                throw Error(
                    errors::kDatabase,
                    fmt::format(
                        "The role {} is a superuser or bypasses row security, so tenants would see each "
                        "other: run ALTER ROLE {} NOSUPERUSER NOBYPASSRLS",
                        role, role));
            if (!state.empty() && state[0].boolean(1))
                return;
            try {
                connection_.simple(
                    state.empty() ? fmt::format("CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
                                                "NOREPLICATION NOBYPASSRLS",
                                                role)
                                  : fmt::format("GRANT {} TO {}", role, user_));
            } catch (const PgStatementFailed& failed) {
                const auto& state2 = failed.failure.state;
                if (state2 == "42501")
                    throw Error(
                        errors::kDatabase,
                        fmt::format(
                            "The role {} of the database URL may not create or use the roles ae_app and "
                            "ae_system. As a superuser, run ALTER ROLE {} CREATEROLE; or run CREATE ROLE "
                            "ae_app NOLOGIN; CREATE ROLE ae_system NOLOGIN; GRANT ae_app, ae_system TO {}",
                            user_, user_, user_));
                // Exists by now; "tuple concurrently updated" while granting.
                const bool raced = state2 == "42710" || state2 == "23505" || state2 == "XX000";
                if (!raced || attempt == kTries)
                    failed.failure.raise();
                std::this_thread::sleep_for(milliseconds(20 * attempt));
            } catch (const PgConnectionLost& lost) {
                gone(lost);
            }
        }
    }

    /// Tables that this role creates from now on belong to both roles; a migration may take rights away
    /// again.
    void grantRights() {
        const auto schema = scalar("SELECT quote_ident(current_schema())");
        for (const char* role : kRoles)
            if (ask(fmt::format("SELECT has_schema_privilege('{}', current_schema(), 'USAGE')", role))[0]
                    .integer(0) == 0)
                ask(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", schema, role));
        ask(fmt::format(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ae_app, "
            "ae_system",
            schema));
        ask(fmt::format(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT USAGE, SELECT ON SEQUENCES TO ae_app, ae_system",
            schema));
        ask("GRANT SELECT ON schema_migrations TO ae_system");
    }

    PgConnection connection_;
    std::string user_;
};

} // namespace

std::unique_ptr<MigrationSession> makePostgresMigrationSession(const Location& location) {
    try {
        return std::make_unique<PostgresMigrationSession>(location);
    } catch (const PgConnectionLost& lost) {
        throw Error(errors::kDatabase,
                    fmt::format("The database at {} cannot be reached: {}", location.shown, lost.what()));
    }
}

} // namespace core::db
