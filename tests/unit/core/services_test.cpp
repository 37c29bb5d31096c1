#include <atomic>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/service.h"
#include "support/await.h"

namespace core {
namespace {

using namespace std::chrono_literals;
using test::await;
using testing::HasSubstr;

struct Greeter {
    static constexpr std::string_view kService = "test.greeter/1";
    virtual ~Greeter() = default;
    virtual std::string greet() { return "hello"; }
};
struct NewGreeter {
    static constexpr std::string_view kService = "test.greeter/2";
};
/// Stays in its call until it is let go.
struct SlowGreeter final : Greeter {
    std::string greet() override {
        entered = true;
        while (!letGo)
            std::this_thread::yield();
        return "at last";
    }
    std::atomic<bool> entered{false}, letGo{false};
};

template <typename F>
std::optional<Error> errorOf(F&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

TEST(Services, GivesWhatWasProvided) {
    Services services;
    auto provider = services.forModule("provider");
    EXPECT_FALSE(services.find<Greeter>().available());
    auto error = errorOf([&] { static_cast<void>(services.require<Greeter>()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), 503);
    EXPECT_THAT(error->what(), HasSubstr("test.greeter/1"));

    provider.provide<Greeter>(std::make_shared<Greeter>());
    EXPECT_EQ(services.require<Greeter>()->greet(), "hello");
    error = errorOf([&] { services.forModule("other").provide<Greeter>(std::make_shared<Greeter>()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), 409);
    EXPECT_THAT(error->what(), HasSubstr("provider"));
    EXPECT_EQ(services.require<Greeter>()->greet(), "hello");
}

TEST(Services, SaysThatAnotherVersionIsThere) {
    Services services;
    services.forModule("modern").provide(std::make_shared<NewGreeter>());
    const auto error = errorOf([&] { static_cast<void>(services.require<Greeter>()); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->what(), HasSubstr("test.greeter/1"));
    EXPECT_THAT(error->what(), HasSubstr("test.greeter/2 by modern"));
}

TEST(Services, AHandleOutlivesItsProvider) {
    Services services;
    auto provider = services.forModule("provider");
    auto object = std::make_shared<Greeter>();
    provider.provide<Greeter>(object);
    const auto handle = services.require<Greeter>();
    EXPECT_EQ(handle->greet(), "hello");
    EXPECT_TRUE(provider.withdraw(0ms));
    EXPECT_FALSE(handle.available());
    const auto error = errorOf([&] { handle->greet(); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->name(), errors::kUnavailable.name);
    EXPECT_THAT(error->what(), HasSubstr("test.greeter/1"));
    EXPECT_THAT(error->what(), HasSubstr("provider"));
    EXPECT_THROW(static_cast<void>(services.require<Greeter>()), Error);
}

TEST(Services, WithdrawingWaitsForTheCallsUnderWay) {
    Services services;
    auto provider = services.forModule("provider");
    auto slow = std::make_shared<SlowGreeter>();
    provider.provide<Greeter>(slow);
    const auto handle = services.require<Greeter>();
    std::string answer;
    std::jthread caller([&] { answer = handle->greet(); });
    ASSERT_TRUE(await([&] { return slow->entered.load(); }));
    EXPECT_FALSE(provider.withdraw(0ms)); // the wait is bounded
    EXPECT_THROW(handle->greet(), Error); // and nobody else gets in meanwhile

    Services second;
    auto again = second.forModule("provider");
    again.provide<Greeter>(slow);
    slow->entered = false;
    const auto other = second.require<Greeter>();
    std::jthread another([&] { other->greet(); });
    ASSERT_TRUE(await([&] { return slow->entered.load(); }));
    std::atomic<bool> drained{false};
    std::jthread withdrawing([&] { drained = again.withdraw(20s); });
    ASSERT_TRUE(await([&] { return !other.available(); })); // it has begun
    EXPECT_FALSE(drained);
    slow->letGo = true;
    withdrawing.join();
    EXPECT_TRUE(drained);
    caller.join();
    EXPECT_EQ(answer, "at last");
}

TEST(Services, WithdrawsWhatOneModuleProvidesOnly) {
    Services services;
    auto one = services.forModule("one");
    auto two = services.forModule("two");
    one.provide<Greeter>(std::make_shared<Greeter>());
    two.provide(std::make_shared<NewGreeter>());
    EXPECT_TRUE(one.withdraw(0ms));
    EXPECT_FALSE(services.find<Greeter>().available());
    EXPECT_TRUE(services.find<NewGreeter>().available());
    one.provide<Greeter>(std::make_shared<Greeter>()); // the name is free again
    EXPECT_EQ(services.require<Greeter>()->greet(), "hello");
}

TEST(Services, AnObjectOfNobodyIsAlwaysThere) {
    const ServiceHandle<Greeter> handle = std::make_shared<SlowGreeter>();
    EXPECT_TRUE(handle.available());
}

} // namespace
} // namespace core
