#include "metrics/store.h"

#include <algorithm>

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include "core/error.h"

namespace core::metrics {

Counter::~Counter() = default;
Gauge::~Gauge() = default;
Histogram::~Histogram() = default;
Registry::~Registry() = default;

namespace {

/// One series: what the caller sees, and what is written at a scrape.
class Series {
public:
    virtual ~Series() = default;
    virtual prometheus::ClientMetric value() const = 0;
};

class CounterSeries final : public Series, public Counter {
public:
    void add(double by) noexcept override { counter_.Increment(by); }
    prometheus::ClientMetric value() const override { return counter_.Collect(); }

private:
    prometheus::Counter counter_;
};

class GaugeSeries final : public Series, public Gauge {
public:
    void set(double value) noexcept override { gauge_.Set(value); }
    prometheus::ClientMetric value() const override { return gauge_.Collect(); }

private:
    prometheus::Gauge gauge_;
};

class HistogramSeries final : public Series, public Histogram {
public:
    explicit HistogramSeries(const std::vector<double>& bounds) : histogram_(bounds) {}
    void observe(double value) noexcept override { histogram_.Observe(value); }
    prometheus::ClientMetric value() const override { return histogram_.Collect(); }

private:
    prometheus::Histogram histogram_;
};

bool isName(const std::string& name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void check(const std::string& name, const Labels& labels) {
    if (!isName(name))
        throw Error(errors::kInternal, fmt::format("\"{}\" is not a metric's name: use lower-case letters, "
                                                   "digits and underscores.",
                                                   name));
    for (const auto& [label, value] : labels)
        if (!isName(label) || label == "tenant")
            throw Error(errors::kInternal,
                        fmt::format("The metric {} cannot have the label \"{}\".", name, label));
}

void addLabels(prometheus::ClientMetric& metric, const Labels& labels) {
    for (const auto& [name, value] : labels)
        metric.label.push_back({name, value});
}

} // namespace

struct Store::Family {
    std::string help;
    prometheus::MetricType type;
    std::map<Labels, std::unique_ptr<Series>> series;
};

Store::Store(Logger log) : log_(std::move(log)) {}
Store::~Store() = default;

Store::Family& Store::family(const std::string& name, const std::string& help, prometheus::MetricType type) {
    auto found = families_.find(name);
    if (found == families_.end())
        // Made first: without memory for it there is no entry.
        found = families_.emplace(name, std::make_unique<Family>(Family{help, type, {}})).first;
    if (found->second->type != type)
        throw Error(errors::kInternal, fmt::format("The metric {} is declared with two kinds.", name));
    return *found->second;
}

template <typename T, typename Make>
T& Store::series(const std::string& name, const std::string& help, prometheus::MetricType type,
                 const Labels& labels, const Make& make) {
    {
        const std::shared_lock lock(mutex_);
        if (const auto family = families_.find(name);
            family != families_.end() && family->second->type == type)
            if (const auto found = family->second->series.find(labels); found != family->second->series.end())
                return static_cast<T&>(*found->second);
    }
    check(name, labels);
    const std::unique_lock lock(mutex_);
    auto& all = family(name, help, type).series;
    Labels key = labels;
    if (!all.contains(key) && all.size() >= kMaxSeries)
        for (auto& [label, value] : key)
            value = "other";
    auto found = all.find(key);
    if (found == all.end())
        found = all.emplace(std::move(key), make()).first;
    return static_cast<T&>(*found->second);
}

Counter& Store::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return series<CounterSeries>(name, help, prometheus::MetricType::Counter, labels,
                                 [] { return std::make_unique<CounterSeries>(); });
}

Gauge& Store::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return series<GaugeSeries>(name, help, prometheus::MetricType::Gauge, labels,
                               [] { return std::make_unique<GaugeSeries>(); });
}

Histogram& Store::histogram(const std::string& name, const std::string& help,
                            const std::vector<double>& bounds, const Labels& labels) {
    return series<HistogramSeries>(name, help, prometheus::MetricType::Histogram, labels,
                                   [&] { return std::make_unique<HistogramSeries>(bounds); });
}

void Store::collect(const std::string& owner, const std::string& name, const std::string& help, Kind kind,
                    Registry::Read read) {
    check(name, {});
    const std::lock_guard lock(collecting_);
    const auto taken = std::find_if(collectors_.begin(), collectors_.end(),
                                    [&](const Collector& collector) { return collector.name == name; });
    if (taken != collectors_.end())
        throw Error(errors::kInternal, fmt::format("The metric {} is collected twice.", name));
    collectors_.push_back({owner, name, help, kind, std::move(read)});
}

void Store::forget(const std::string& owner) {
    const std::lock_guard lock(collecting_);
    std::erase_if(collectors_, [&](const Collector& collector) { return collector.owner == owner; });
}

void Store::addPushed(std::vector<prometheus::MetricFamily>& out) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, family] : families_) {
        prometheus::MetricFamily written{name, family->help, family->type, {}};
        for (const auto& [labels, series] : family->series) {
            written.metric.push_back(series->value());
            addLabels(written.metric.back(), labels);
        }
        out.push_back(std::move(written));
    }
}

void Store::addCollected(std::vector<prometheus::MetricFamily>& out, const db::Context& context) {
    const auto* tenant = std::get_if<TenantContext>(&context);
    const std::lock_guard lock(collecting_);
    for (const Collector& collector : collectors_) {
        std::vector<Sample> samples;
        try {
            samples = collector.read(context);
        } catch (...) {
            log_.warn("a metric could not be read",
                      {{"metric", collector.name}, {"error", describeCurrentException()}});
            counter("ae_metrics_failed_total", "Metrics that could not be read at a scrape",
                    {{"metric", collector.name}})
                .add();
            continue;
        }
        const bool rises = collector.kind == Kind::counter;
        prometheus::MetricFamily written{collector.name,
                                         collector.help,
                                         rises ? prometheus::MetricType::Counter
                                               : prometheus::MetricType::Gauge,
                                         {}};
        for (const Sample& sample : samples) {
            if (tenant != nullptr && sample.tenant != tenant->tenant())
                continue;
            auto& metric = written.metric.emplace_back();
            (rises ? metric.counter.value : metric.gauge.value) = sample.value;
            addLabels(metric, sample.labels);
            if (sample.tenant)
                metric.label.push_back({"tenant", sample.tenant->toString()});
        }
        if (!written.metric.empty())
            out.push_back(std::move(written));
    }
}

std::string Store::exposition(const db::Context& context) {
    std::vector<prometheus::MetricFamily> families;
    addCollected(families, context);
    // What is counted in the process belongs to no tenant.
    if (std::holds_alternative<SystemContext>(context))
        addPushed(families);
    return prometheus::TextSerializer().Serialize(families);
}

const std::string& ModuleRegistry::own(const std::string& name) const {
    if (!name.starts_with(prefix_))
        throw Error(errors::kInternal, fmt::format("The metric {} of the module {} must begin with \"{}\".",
                                                   name, owner_, prefix_));
    return name;
}

} // namespace core::metrics
