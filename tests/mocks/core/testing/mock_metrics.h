#pragma once

#include <gmock/gmock.h>

#include "core/metrics.h"

namespace core::testkit {

class MockCounter : public metrics::Counter {
public:
    MOCK_METHOD(void, add, (double by), (noexcept, override));
};

class MockGauge : public metrics::Gauge {
public:
    MOCK_METHOD(void, set, (double value), (noexcept, override));
};

class MockHistogram : public metrics::Histogram {
public:
    MOCK_METHOD(void, observe, (double value), (noexcept, override));
};

/// For tests that expect certain calls; FakeMetrics is better where numbers are to be read.
class MockRegistry : public metrics::Registry {
public:
    MOCK_METHOD(metrics::Counter&, counter,
                (const std::string& name, const std::string& help, const metrics::Labels& labels),
                (override));
    MOCK_METHOD(metrics::Gauge&, gauge,
                (const std::string& name, const std::string& help, const metrics::Labels& labels),
                (override));
    MOCK_METHOD(metrics::Histogram&, histogram,
                (const std::string& name, const std::string& help, const std::vector<double>& bounds,
                 const metrics::Labels& labels),
                (override));
    MOCK_METHOD(void, collect,
                (const std::string& name, const std::string& help, metrics::Kind kind, Read read),
                (override));
};

} // namespace core::testkit
