#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/export.h"
#include "core/uuid.h"

/// Numbers for `GET /metrics`, in the names and units of Prometheus: seconds and bytes, counters end in
/// `_total`, every name begins with its module's ("restic_tasks_finished_total").
namespace core::metrics {

/// Label names to values. Values must come from small sets: routes and states, never ids of things.
using Labels = std::map<std::string, std::string>;

/// Only rises. Thread-safe.
class CORE_EXPORT Counter {
public:
    virtual ~Counter();
    /// `by` is not negative.
    virtual void add(double by) noexcept = 0;
    void add() noexcept { add(1); }
};

/// Goes up and down. Thread-safe.
class CORE_EXPORT Gauge {
public:
    virtual ~Gauge();
    virtual void set(double value) noexcept = 0;
};

/// How values spread over ranges. Thread-safe.
class CORE_EXPORT Histogram {
public:
    virtual ~Histogram();
    virtual void observe(double value) noexcept = 0;
};

/// One number that a collector read.
struct Sample {
    Labels labels = {};
    double value = 0;
    /// Whose number it is: a tenant's callers see those of their own tenant only, and get the label "tenant".
    /// Without one it is the host's, for callers who may cross tenants.
    std::optional<Uuid> tenant = {};
};

enum class Kind { counter, gauge };

/// Where a module registers its numbers. Thread-safe; what it returns stays valid as long as the host runs.
/// A family is declared by its first use; a name that is no metric name, that does not begin with the
/// module's, or that was declared with another kind, throws core::Error(kInternal). A family has at most
/// 2,000 series; whatever comes after shares one whose labels all say "other".
class CORE_EXPORT Registry {
public:
    virtual ~Registry();
    virtual Counter& counter(const std::string& name, const std::string& help, const Labels& labels) = 0;
    virtual Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) = 0;
    /// `bounds` are the upper ends of the ranges, rising; those of the first call hold for the family.
    virtual Histogram& histogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& bounds, const Labels& labels) = 0;

    /// Called at every scrape, on a thread that may wait: for numbers that are kept elsewhere. The context is
    /// the tenant's whose numbers are asked for, or the system's for those of all. Its exceptions are logged
    /// and counted, and leave the family out. Ends when the module has stopped.
    using Read = std::function<std::vector<Sample>(const db::Context& context)>;
    virtual void collect(const std::string& name, const std::string& help, Kind kind, Read read) = 0;
};

} // namespace core::metrics
