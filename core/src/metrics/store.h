#pragma once

#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "core/log.h"
#include "core/metrics.h"

namespace core::metrics {

/// Every number of the host. One per host; modules see it through a ModuleRegistry.
class Store {
public:
    explicit Store(Logger log);
    ~Store();

    Counter& counter(const std::string& name, const std::string& help, const Labels& labels);
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels);
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels);
    void collect(const std::string& owner, const std::string& name, const std::string& help, Kind kind,
                 Registry::Read read);
    /// Waits for calls of the owner's collectors that are under way.
    void forget(const std::string& owner);

    /// In the text format of Prometheus. A tenant's context gets the samples of that tenant alone.
    [[nodiscard]] std::string exposition(const db::Context& context);

    static constexpr std::size_t kMaxSeries = 2000;

private:
    struct Family;
    struct Collector {
        std::string owner;
        std::string name;
        std::string help;
        Kind kind;
        Registry::Read read;
    };
    Family& family(const std::string& name, const std::string& help, prometheus::MetricType type);
    template <typename T, typename Make>
    T& series(const std::string& name, const std::string& help, prometheus::MetricType type,
              const Labels& labels, const Make& make);
    void addPushed(std::vector<prometheus::MetricFamily>& out) const;
    void addCollected(std::vector<prometheus::MetricFamily>& out, const db::Context& context);

    Logger log_;
    mutable std::shared_mutex mutex_; // of families_
    std::map<std::string, std::unique_ptr<Family>> families_;
    std::mutex collecting_; // of collectors_, held while they run
    std::vector<Collector> collectors_;
};

/// What one module sees of it.
class ModuleRegistry final : public Registry {
public:
    /// `prefix`: what its families begin with; "" for the host, whose are of several kinds.
    ModuleRegistry(Store& store, std::string owner, std::string prefix = {})
        : store_(store), owner_(std::move(owner)), prefix_(std::move(prefix)) {}
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels) override {
        return store_.counter(own(name), help, labels);
    }
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) override {
        return store_.gauge(own(name), help, labels);
    }
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels) override {
        return store_.histogram(own(name), help, bounds, labels);
    }
    void collect(const std::string& name, const std::string& help, Kind kind, Read read) override {
        store_.collect(owner_, own(name), help, kind, std::move(read));
    }
    void end() { store_.forget(owner_); }

private:
    /// Throws for a family that would be another part's.
    [[nodiscard]] const std::string& own(const std::string& name) const;
    Store& store_;
    std::string owner_;
    std::string prefix_;
};

} // namespace core::metrics
