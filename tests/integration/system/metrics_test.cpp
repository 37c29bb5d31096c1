#include <gmock/gmock.h>

#include "integration/system/agent_fixture.h"

namespace test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Metrics : public BackupSystemTest {
protected:
    /// A token made by the command line, with these options besides.
    std::string token(std::vector<std::string> options) {
        std::vector<std::string> arguments{"--json", "token", "create", "--role", "viewer"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const auto made = backend(arguments);
        EXPECT_TRUE(made.exit.ok()) << made.error << made.output;
        return core::json::parse(made.output).value().stringOr("token");
    }
};

TEST_F(Metrics, ShowATenantItsOwnAndTheSystemAll) {
    configureHost();
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    ASSERT_TRUE(backend({"tenant", "create", "--name", "second"}).exit.ok());
    const auto foreign = token({"--name", "foreign", "--tenant", "second"});
    const auto system = token({"--name", "all", "--system"});
    startBackend();
    enroll();

    EXPECT_EQ(api().get("/metrics", "").status, 401);
    const auto ours = api().get("/metrics", apiToken("viewer"));
    ASSERT_EQ(ours.status, 200) << ours.body;
    EXPECT_EQ(ours.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(ours.body, HasSubstr("# TYPE restic_agents gauge\nrestic_agents{status=\""));
    EXPECT_THAT(ours.body, Not(HasSubstr("process_")));

    const auto theirs = api().get("/metrics", foreign);
    ASSERT_EQ(theirs.status, 200) << theirs.body;
    EXPECT_THAT(theirs.body, Not(HasSubstr("restic_agents"))) << "another tenant's agent";

    const auto all = api().get("/metrics", system);
    ASSERT_EQ(all.status, 200) << all.body;
    for (const char* expected :
         {"restic_agents{status=\"", "process_resident_memory_bytes ", "process_open_fds ",
          "ae_build_info{version=",
          "ae_http_requests_total{method=\"POST\",route=\"/api/v1/restic/agents/"
          "register\",status=\"201\"} 1\n",
          "ae_http_request_seconds_bucket{route=\"/metrics\",le=\"+Inf\"} 3\n",
          "ae_modules{module=\"restic\",state=\"running\"} 1\n",
          "ae_job_failures_total{job=\"scheduler\",module=\"restic\"} 0\n",
          "ae_job_runs_total{job=\"scheduler\",module=\"restic\"} ",
          "ae_job_seconds{job=\"scheduler\",module=\"restic\"} ", "ae_db_units_total{result=\"committed\"}"})
        EXPECT_THAT(all.body, HasSubstr(expected));
}

} // namespace
} // namespace test
