#pragma once

#include <string>

namespace test {

/// The PostgreSQL server that tests share. ctest starts one for the whole run; a test that runs without it
/// starts one of its own and stops it at its end.
class TestCluster {
public:
    static TestCluster& instance();
    ~TestCluster();
    TestCluster(const TestCluster&) = delete;
    TestCluster& operator=(const TestCluster&) = delete;

    /// `role` is ae_host (what the host should be: no superuser) or postgres (a superuser).
    [[nodiscard]] std::string url(const std::string& database, const std::string& role = "ae_host") const;
    /// Runs SQL as superuser, outside any transaction; returns the first cell or "". Throws
    /// std::runtime_error.
    std::string admin(const std::string& sql, const std::string& database = "postgres") const;

private:
    TestCluster();
    std::string dir_;
    bool own_ = false;
};

} // namespace test
