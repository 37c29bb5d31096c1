#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/testing/test_log.h"
#include "metrics/store.h"

namespace core::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
protected:
    std::string all() { return store.exposition(SystemContext("test")); }

    core::testkit::TestLog log;
    Store store{log.logger("metrics")};
    ModuleRegistry registry{store, "hello"};
};

TEST_F(MetricsTest, WritesWhatPrometheusReads) {
    registry.counter("hello_greetings_total", "Greetings", {{"tone", "warm\"er\n"}}).add(2);
    registry.counter("hello_greetings_total", "Greetings", {{"tone", "warm\"er\n"}}).add();
    registry.gauge("hello_guests", "Guests", {}).set(7);
    auto& waits = registry.histogram("hello_wait_seconds", "Waits", {0.1, 1}, {});
    for (const double value : {0.05, 0.5, 3.0})
        waits.observe(value);
    const auto text = all();
    EXPECT_THAT(text, HasSubstr("# HELP hello_greetings_total Greetings\n"
                                "# TYPE hello_greetings_total counter\n"
                                "hello_greetings_total{tone=\"warm\\\"er\\n\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("hello_guests 7\n"));
    EXPECT_THAT(text, HasSubstr("hello_wait_seconds_count 3\n"));
    EXPECT_THAT(text, HasSubstr("hello_wait_seconds_bucket{le=\"0.1\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("hello_wait_seconds_bucket{le=\"1\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("hello_wait_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST_F(MetricsTest, AFamilyOfAnotherPartIsRefused) {
    ModuleRegistry own{store, "hello", "hello_"};
    own.gauge("hello_guests", "Guests", {}).set(1);
    for (const char* name : {"restic_agents", "ae_db_units_total", "hellos", "hello"}) {
        EXPECT_THROW(own.counter(name, "Not its own", {}), Error) << name;
        EXPECT_THROW(own.gauge(name, "Not its own", {}), Error) << name;
        EXPECT_THROW(own.histogram(name, "Not its own", {1}, {}), Error) << name;
        EXPECT_THROW(own.collect(name, "Not its own", Kind::gauge, {}), Error) << name;
    }
}

TEST_F(MetricsTest, ATenantSeesItsOwnSamplesOnly) {
    const auto ours = Uuid::generate(Instant{});
    const auto theirs = Uuid::generate(Instant{});
    registry.counter("hello_greetings_total", "Greetings", {}).add();
    registry.collect("hello_guests", "Guests", Kind::gauge, [&](const db::Context&) {
        return std::vector<Sample>{{{{"room", "a"}}, 1, ours}, {{{"room", "b"}}, 2, theirs}, {{}, 3}};
    });
    const auto text = store.exposition(TenantContext(ours));
    EXPECT_EQ(text,
              "# HELP hello_guests Guests\n# TYPE hello_guests gauge\nhello_guests{room=\"a\",tenant=\"" +
                  ours.toString() + "\"} 1\n");
    EXPECT_THAT(all(), HasSubstr(theirs.toString()));
    EXPECT_THAT(all(), HasSubstr("hello_guests 3\n"));
    EXPECT_THAT(all(), HasSubstr("hello_greetings_total 1\n"));
}

TEST_F(MetricsTest, ACollectorThatFailsLeavesOutItsFamilyAlone) {
    registry.gauge("hello_guests", "Guests", {}).set(1);
    registry.collect("hello_broken", "Broken", Kind::gauge,
                     [](const db::Context&) -> std::vector<Sample> { throw std::runtime_error("no luck"); });
    const auto text = all();
    EXPECT_THAT(text, HasSubstr("hello_guests 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("TYPE hello_broken")));
    EXPECT_THAT(text, HasSubstr("ae_metrics_failed_total{metric=\"hello_broken\"} 1\n"));
    EXPECT_THAT(log.text(), HasSubstr("no luck"));
}

TEST_F(MetricsTest, WhatAModuleCollectsEndsWithIt) {
    registry.collect("hello_guests", "Guests", Kind::gauge, [](const db::Context&) {
        return std::vector<Sample>{{{}, 1}};
    });
    ModuleRegistry other(store, "other");
    EXPECT_THROW(other.collect("hello_guests", "", Kind::gauge, {}), Error) << "the name is taken";
    other.end();
    EXPECT_THAT(all(), HasSubstr("hello_guests 1\n"));
    registry.end();
    EXPECT_THAT(all(), Not(HasSubstr("hello_guests")));
}

TEST_F(MetricsTest, RefusesNamesAndKindsThatPrometheusWould) {
    for (const char* name : {"", "Upper", "with-dash", "1st", "hello total"})
        EXPECT_THROW(registry.counter(name, "", {}), Error) << name;
    EXPECT_THROW(registry.gauge("hello_guests", "", {{"tenant", "x"}}), Error)
        << "the registry writes that one";
    registry.counter("hello_total", "", {});
    EXPECT_THROW(registry.gauge("hello_total", "", {}), Error);
}

TEST_F(MetricsTest, AFamilyDoesNotGrowWithoutEnd) {
    for (std::size_t i = 0; i < Store::kMaxSeries + 100; ++i)
        registry.counter("hello_total", "Paths", {{"path", std::to_string(i)}}).add();
    const auto text = all();
    EXPECT_THAT(text, HasSubstr("hello_total{path=\"other\"} 100\n"));
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
              Store::kMaxSeries + 1 + 2);
}

TEST_F(MetricsTest, CountsFromManyThreads) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 5000; ++i)
                registry.counter("hello_total", "", {{"n", std::to_string(i % 7)}}).add();
        });
    threads.clear();
    double sum = 0;
    for (int n = 0; n < 7; ++n) {
        const auto text = all();
        const std::string head = "hello_total{n=\"" + std::to_string(n) + "\"} ";
        sum += std::stod(text.substr(text.find(head) + head.size()));
    }
    EXPECT_EQ(sum, 20000);
}

} // namespace
} // namespace core::metrics
