#include "restic/retention.h"

#include <gtest/gtest.h>

namespace agent {
namespace {
using restic::protocol::ForgetTask;

std::vector<std::string> argumentsOf(const ForgetTask& task) {
    return forgetArguments(task, task, task, "keeper-01");
}
ForgetTask task() {
    ForgetTask made;
    made.retention.emplace().keepDaily = 7;
    made.retention->keepLast = 0;
    return made;
}
const auto kPolicy = core::Uuid::parse("0190b6f0-0000-7000-8000-000000000001").value();

TEST(Retention, KeepsToTheMachineThatIsNamedWhoeverDoesIt) {
    auto of = task();
    EXPECT_EQ(argumentsOf(of), (std::vector<std::string>{"forget", "--json", "--group-by=host,paths",
                                                         "--host=keeper-01", "--keep-daily=7"}));
    of.policyId = kPolicy;
    const auto tag = "--tag=policy:" + kPolicy.toString();
    EXPECT_EQ(argumentsOf(of),
              (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", tag, "--keep-daily=7"}));
    of.host = "web-01";
    EXPECT_EQ(argumentsOf(of), (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", tag,
                                                         "--host=web-01", "--keep-daily=7"}));
    of.policyId.reset();
    of.allHosts = true;
    EXPECT_EQ(argumentsOf(of), (std::vector<std::string>{"forget", "--json", "--group-by=host,paths",
                                                         "--host=web-01", "--keep-daily=7"}))
        << "a machine that is named is never widened";
}

} // namespace
} // namespace agent
