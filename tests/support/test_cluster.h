#pragma once

#include <string>

namespace test {

/// The PostgreSQL server that tests share. ctest starts one for the whole run; a test that runs without it
/// starts one of its own and stops it at its end.
class TestCluster {
public:
    static TestCluster& instance();
    /// One of the test's own, in a folder that does not exist yet, with fsync as in production.
    explicit TestCluster(std::string dir);
    ~TestCluster();
    TestCluster(const TestCluster&) = delete;
    TestCluster& operator=(const TestCluster&) = delete;

    /// `role` is ae_host (what the host should be: no superuser) or postgres (a superuser).
    [[nodiscard]] std::string url(const std::string& database, const std::string& role = "ae_host") const;
    /// Runs SQL as superuser, outside any transaction; returns the first cell or "". Throws
    /// std::runtime_error.
    std::string admin(const std::string& sql, const std::string& database = "postgres") const;

    /// `how`: "fast" or "immediate", as pg_ctl has it, or "kill": SIGKILL of the postmaster. Returns when it
    /// takes connections again.
    void restart(const std::string& how) const;
    /// The folder of its socket.
    [[nodiscard]] const std::string& dir() const noexcept { return dir_; }

private:
    TestCluster();
    std::string dir_;
    bool own_ = false;
};

} // namespace test
