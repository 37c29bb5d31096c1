#include <filesystem>
#include <regex>
#include <set>

#include "base/testing/mock_secret_vault.h"
#include "base/testing/mock_tenant_directory.h"
#include "base/testing/mock_tenant_limits.h"
#include "base/testing/mock_token_signer.h"
#include "core/testing/db/mock_database.h"
#include "core/testing/db/mock_transaction.h"
#include "core/testing/event/mock_bus.h"
#include "core/testing/http/mock_authenticator.h"
#include "core/testing/mock_clock.h"
#include "core/testing/mock_jobs.h"
#include "core/testing/mock_log_sink.h"
#include "core/testing/mock_metrics.h"
#include "core/testing/mock_process.h"
#include "core/testing/mock_process_runner.h"
#include "core/testing/mock_wakeups.h"
#include "core/testing/mock_work_queue.h"
#include "core/testing/module/mock_module.h"
#include "core/testing/module/mock_module_context.h"
#include "core/testing/temp_dir.h"

#include <gtest/gtest.h>

namespace core::testkit {
namespace {

namespace fs = std::filesystem;
using testing::Return;
using testing::StrictMock;

/// All of the folder's headers, as "path: text".
std::map<std::string, std::string> headersOf(const fs::path& folder) {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".h")
            all[fs::relative(entry.path(), folder).string()] = readFile(entry.path());
    return all;
}

/// An interface without a mock is noticed here, and so is a mock that has lost its interface's newest method:
/// it can no longer be made.
TEST(Mocks, EachInterfaceOfTheSdkHasOne) {
    const fs::path source = AE_SOURCE_DIR;
    std::set<std::string> interfaces;
    static const std::regex kPure(R"(\bvirtual [^;]* = 0;)");
    static const std::regex kClass(R"(\nclass CORE_EXPORT (\w+)[^;]*?\{[\s\S]*?\n\};)");
    for (const auto& folder : {"core/include", "modules/base/include", "modules/restic/include"})
        for (const auto& [path, text] : headersOf(source / folder))
            for (std::sregex_iterator it(text.begin(), text.end(), kClass), end; it != end; ++it)
                if (std::regex_search(it->str(), kPure))
                    interfaces.insert(it->str(1));
    std::set<std::string> mocked;
    static const std::regex kMock(R"(class Mock(\w+) : public (\w+::)*(\w+) \{)");
    for (const auto& [path, text] : headersOf(source / "tests/mocks"))
        for (std::sregex_iterator it(text.begin(), text.end(), kMock), end; it != end; ++it) {
            EXPECT_EQ(it->str(1), it->str(3)) << path;
            mocked.insert(it->str(1));
        }
    EXPECT_EQ(mocked, interfaces);
    EXPECT_TRUE(interfaces.contains("Bus"));
}

TEST(Mocks, CanAllBeMade) {
    StrictMock<MockClock> clock;
    StrictMock<MockLogSink> sink;
    StrictMock<MockJobs> jobs;
    StrictMock<MockJobRun> run;
    StrictMock<MockWakeups> wakeups;
    StrictMock<MockWorkQueue> queue;
    StrictMock<MockWorkQueues> queues;
    StrictMock<MockRegistry> metrics;
    StrictMock<MockCounter> counter;
    StrictMock<MockGauge> gauge;
    StrictMock<MockHistogram> histogram;
    StrictMock<MockProcess> process;
    StrictMock<MockProcessRunner> runner;
    StrictMock<MockBus> bus;
    StrictMock<MockDatabase> database;
    StrictMock<MockTransaction> transaction;
    StrictMock<MockAuthenticator> authenticator;
    StrictMock<MockModuleContext> context;
    StrictMock<MockModule> module;
    StrictMock<base::testkit::MockSecretVault> vault;
    StrictMock<base::testkit::MockTokenSigner> signer;
    StrictMock<base::testkit::MockTenantLimits> limits;
    StrictMock<base::testkit::MockTenantDirectory> tenants;
    EXPECT_CALL(tenants, find).WillOnce([](const auto&) { return Uuid(); });
    EXPECT_EQ(static_cast<base::TenantDirectory&>(tenants).find("ours"), Uuid());

    EXPECT_CALL(context, database()).WillRepeatedly(testing::ReturnRef(database));
    EXPECT_CALL(database, runUnit).WillOnce([&](const db::Context&, bool writes, const auto& work) {
        EXPECT_TRUE(writes);
        work(transaction);
    });
    EXPECT_CALL(limits, get(testing::Ref(transaction), testing::_)).WillOnce(Return(base::Limits{3, 4}));
    const auto agents = context.database().transact(SystemContext("test"), [&](db::Transaction& tx) {
        return static_cast<base::TenantLimits&>(limits).get(tx, Uuid()).agents;
    });
    EXPECT_EQ(agents, 3);
    EXPECT_THROW(base::TenantLimits::require(3, agents, "sites"), Error);
}

} // namespace
} // namespace core::testkit
