#include "support/test_cluster.h"

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

namespace test {

namespace {

std::string ask(const std::string& url, const std::string& sql) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(connection.get()));
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                               &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(PQerrorMessage(connection.get()));
    return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

void script(const char* action, const std::string& dir) {
    if (std::system(fmt::format("{} {} {}", AE_TEST_CLUSTER_SCRIPT, action, dir).c_str()) != 0)
        throw std::runtime_error("the PostgreSQL cluster of the tests does not start");
}

} // namespace

TestCluster& TestCluster::instance() {
    static TestCluster cluster;
    return cluster;
}

TestCluster::TestCluster() : dir_(AE_TEST_CLUSTER) {
    if (::access((dir_ + "/ready").c_str(), F_OK) == 0) {
        try {
            admin("SELECT 1");
            return;
        } catch (const std::exception&) {
            // What a killed run left behind.
        }
    }
    dir_ = fmt::format("{}-{}", AE_TEST_CLUSTER, ::getpid());
    own_ = true;
    script("start", dir_);
}

TestCluster::TestCluster(std::string dir) : dir_(std::move(dir)), own_(true) {
    ::setenv("AE_TEST_FSYNC", "on", 1);
    script("start", dir_);
    ::unsetenv("AE_TEST_FSYNC");
}

void TestCluster::restart(const std::string& how) const {
    script(("restart-" + how).c_str(), dir_);
}

TestCluster::~TestCluster() {
    if (own_)
        try {
            script("stop", dir_);
        } catch (const std::exception&) {
            std::abort();
        }
}

std::string TestCluster::url(const std::string& database, const std::string& role) const {
    return fmt::format("postgresql://{}@/{}?host={}", role, database, dir_);
}

std::string TestCluster::admin(const std::string& sql, const std::string& database) const {
    return ask(url(database, "postgres"), sql);
}

} // namespace test
