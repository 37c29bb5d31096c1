#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/metrics.h"

namespace core::testkit {

/// Numbers that a test reads. One thread at a time.
class FakeMetrics final : public metrics::Registry {
public:
    metrics::Counter& counter(const std::string& name, const std::string&,
                              const metrics::Labels& labels) override {
        return counters_[{name, labels}];
    }
    metrics::Gauge& gauge(const std::string& name, const std::string&,
                          const metrics::Labels& labels) override {
        return gauges_[{name, labels}];
    }
    metrics::Histogram& histogram(const std::string& name, const std::string&, const std::vector<double>&,
                                  const metrics::Labels& labels) override {
        return histograms_[{name, labels}];
    }
    void collect(const std::string& name, const std::string&, metrics::Kind, Read read) override {
        if (!collectors_.emplace(name, std::move(read)).second)
            throw std::logic_error("The metric " + name + " is collected twice.");
    }

    /// Of a counter or gauge; 0 if nobody touched it.
    [[nodiscard]] double value(const std::string& name, const metrics::Labels& labels = {}) const {
        if (const auto found = counters_.find({name, labels}); found != counters_.end())
            return found->second.value;
        const auto found = gauges_.find({name, labels});
        return found == gauges_.end() ? 0 : found->second.value;
    }
    /// Of a histogram, in order.
    [[nodiscard]] std::vector<double> observed(const std::string& name,
                                               const metrics::Labels& labels = {}) const {
        const auto found = histograms_.find({name, labels});
        return found == histograms_.end() ? std::vector<double>() : found->second.values;
    }
    /// What a scrape in that context reads. Throws std::logic_error for an unknown name.
    [[nodiscard]] std::vector<metrics::Sample> samples(const std::string& name,
                                                       const db::Context& context) const {
        const auto found = collectors_.find(name);
        if (found == collectors_.end())
            throw std::logic_error("The metric " + name + " is not collected.");
        return found->second(context);
    }

private:
    struct FakeCounter final : metrics::Counter {
        void add(double by) noexcept override { value += by; }
        double value = 0;
    };
    struct FakeGauge final : metrics::Gauge {
        void set(double to) noexcept override { value = to; }
        double value = 0;
    };
    struct FakeHistogram final : metrics::Histogram {
        void observe(double one) noexcept override { values.push_back(one); }
        std::vector<double> values;
    };
    using Key = std::pair<std::string, metrics::Labels>;
    std::map<Key, FakeCounter> counters_;
    std::map<Key, FakeGauge> gauges_;
    std::map<Key, FakeHistogram> histograms_;
    std::map<std::string, Read> collectors_;
};

} // namespace core::testkit
