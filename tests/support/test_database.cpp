#include "support/test_database.h"

#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/uuid.h"
#include "support/test_cluster.h"

namespace test {

namespace {

using namespace core::db;

std::string fingerprint(const std::vector<ModuleMigrations>& modules) {
    std::string all;
    for (const auto& module : modules)
        for (const auto& migration : module.list)
            all += module.module + std::to_string(migration.version) + migration.checksum + migration.sql;
    return core::hexEncode(core::sha256(all)).substr(0, 16);
}

std::string freshName(const char* prefix) {
    const auto id = core::Uuid::generate(core::SystemClock().now()).toString();
    return prefix + id.substr(0, 8) + id.substr(9, 4) + id.substr(24);
}

/// The name of a database with these migrations; made once, whoever comes first.
std::string templateFor(const std::vector<ModuleMigrations>& modules) {
    auto& cluster = TestCluster::instance();
    const auto name = "ae_template_" + fingerprint(modules);
    const auto exists = [&] {
        return cluster.admin(fmt::format("SELECT 1 FROM pg_database WHERE datname = '{}'", name)) == "1";
    };
    if (exists())
        return name;
    const auto draft = freshName("ae_draft_");
    cluster.admin(fmt::format("CREATE DATABASE {} OWNER ae_host", draft));
    {
        core::testkit::TestLog log;
        const core::SystemClock clock;
        Options options;
        options.url = cluster.url(draft);
        const auto database = open(options, clock, log.logger());
        applyMigrations(*database, modules);
    }
    try {
        cluster.admin(fmt::format("ALTER DATABASE {} RENAME TO {}", draft, name));
    } catch (const std::exception&) {
        if (!exists())
            throw;
        cluster.admin(fmt::format("DROP DATABASE {} WITH (FORCE)", draft));
    }
    return name;
}

} // namespace

TestDatabase::TestDatabase(Dialect dialect, const std::vector<ModuleMigrations>& migrations,
                           const std::function<void(Options&)>& adjust) {
    if (dialect == Dialect::sqlite) {
        options_.url = "sqlite:" + (dir_.path() / "test.db").string();
    } else {
        auto& cluster = TestCluster::instance();
        cluster_ = &cluster;
        name_ = freshName("ae_test_");
        const auto source = migrations.empty() ? std::string("template1") : templateFor(migrations);
        cluster.admin(fmt::format("CREATE DATABASE {} OWNER ae_host TEMPLATE {}", name_, source));
        options_.url = cluster.url(name_);
    }
    if (adjust)
        adjust(options_);
    database_ = open(options_, clock, log.logger());
    if (dialect == Dialect::sqlite && !migrations.empty())
        applyMigrations(*database_, migrations);
}

TestDatabase::TestDatabase(TestCluster& cluster) : cluster_(&cluster), name_(freshName("ae_test_")) {
    cluster.admin(fmt::format("CREATE DATABASE {} OWNER ae_host", name_));
    options_.url = cluster.url(name_);
    database_ = open(options_, clock, log.logger());
}

TestDatabase::~TestDatabase() {
    database_.reset();
    if (cluster_ != nullptr)
        try {
            cluster_->admin(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
        } catch (const std::exception&) {
            // The cluster ends soon and takes the database with it.
        }
}

std::unique_ptr<Database> TestDatabase::openAnother(const std::function<void(Options&)>& adjust) {
    Options options = options_;
    if (adjust)
        adjust(options);
    return open(options, clock, log.logger());
}

} // namespace test
