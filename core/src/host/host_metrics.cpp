#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include "../../base/proc_stat.h"
#include "host/host.h"

namespace core::host {

using metrics::Kind;
using metrics::Sample;
using Samples = std::vector<Sample>;

namespace {

double numberOf(const std::vector<std::string>& fields, std::size_t index) {
    return index < fields.size() ? std::stod(fields[index]) : 0;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// In seconds since 1970: the kernel says when the process began after the machine, and when that was.
double processStart() {
    std::ifstream in("/proc/stat");
    std::string word;
    double booted = 0;
    while (in >> word)
        if (word == "btime") {
            in >> booted;
            break;
        }
    return booted + numberOf(procStat("self"), kProcStatStart) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void registerProcess(metrics::Registry& registry) {
    registry.collect("process_resident_memory_bytes", "Resident memory", Kind::gauge, [](const db::Context&) {
        constexpr std::size_t kPages = 21;
        return Samples{
            {{}, numberOf(procStat("self"), kPages) * static_cast<double>(::sysconf(_SC_PAGESIZE))}};
    });
    registry.collect("process_threads", "Threads", Kind::gauge, [](const db::Context&) {
        constexpr std::size_t kThreads = 17;
        return Samples{{{}, numberOf(procStat("self"), kThreads)}};
    });
    registry.collect("process_start_time_seconds", "When the process began, since 1970", Kind::gauge,
                     [started = processStart()](const db::Context&) {
                         return Samples{{{}, started}};
                     });
    registry.collect("process_open_fds", "Open file descriptors", Kind::gauge, [](const db::Context&) {
        const auto count = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
        return Samples{{{}, static_cast<double>(count)}};
    });
    registry.collect("process_max_fds", "File descriptors at most", Kind::gauge, [](const db::Context&) {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        return Samples{{{}, static_cast<double>(limit.rlim_cur)}};
    });
    registry.collect("process_cpu_seconds_total", "Processor time of the host itself", Kind::counter,
                     [](const db::Context&) {
                         rusage usage{};
                         ::getrusage(RUSAGE_SELF, &usage);
                         return Samples{{{}, seconds(usage.ru_utime) + seconds(usage.ru_stime)}};
                     });
}

} // namespace

void Host::registerMetrics() {
    registerProcess(ownMetrics_);
    ownMetrics_
        .gauge("ae_build_info", "Always 1; the version is in the label",
               {{"version", std::string(version())}})
        .set(1);

    ownMetrics_.collect(
        "ae_http_connections", "Connections by what they do", Kind::gauge, [this](const db::Context&) {
            const auto stats = server_->stats();
            const auto parked = static_cast<double>(stats.parked);
            const auto sockets = static_cast<double>(stats.webSockets);
            return Samples{{{{"state", "parked"}}, parked},
                           {{{"state", "websocket"}}, sockets},
                           {{{"state", "other"}}, static_cast<double>(stats.open) - parked - sockets}};
        });
    ownMetrics_.collect("ae_http_websocket_messages_total", "Messages of WebSockets", Kind::counter,
                        [this](const db::Context&) {
                            const auto stats = server_->stats();
                            return Samples{
                                {{{"direction", "in"}}, static_cast<double>(stats.webSocketsIn)},
                                {{{"direction", "out"}}, static_cast<double>(stats.webSocketsOut)}};
                        });
    const auto ofPools = [this](const char* name, const char* help, std::size_t http::PoolStats::*value) {
        ownMetrics_.collect(name, help, Kind::gauge, [this, value](const db::Context&) {
            Samples samples;
            for (const auto& pool : server_->pools())
                samples.push_back({{{"pool", pool.name}}, static_cast<double>(pool.*value)});
            return samples;
        });
    };
    ofPools("ae_http_pool_threads", "Threads that run handlers", &http::PoolStats::threads);
    ofPools("ae_http_pool_busy", "Those of them that run one now", &http::PoolStats::busy);
    ofPools("ae_http_pool_queued", "Requests that wait for one", &http::PoolStats::queued);
    ownMetrics_.collect("ae_http_connections_total", "Connections accepted, and refused over a limit",
                        Kind::counter, [this](const db::Context&) {
                            const auto stats = server_->stats();
                            return Samples{{{{"result", "accepted"}}, static_cast<double>(stats.accepted)},
                                           {{{"result", "rejected"}},
                                            static_cast<double>(stats.rejected + stats.rejectedOfAddress +
                                                                stats.rejectedProxies)}};
                        });
    ownMetrics_.collect("ae_http_over_limit_total", "What was turned away, by the limit that it met",
                        Kind::counter, [this](const db::Context&) {
                            const auto stats = server_->stats();
                            const auto of = [](const char* limit, std::uint64_t value) {
                                return Sample{{{"limit", limit}}, static_cast<double>(value)};
                            };
                            return Samples{of("connections", stats.rejected),
                                           of("connections_per_address", stats.rejectedOfAddress),
                                           of("proxy_protocol", stats.rejectedProxies),
                                           of("queue", stats.overloaded),
                                           of("parked", stats.rejectedParks),
                                           of("websockets", stats.rejectedWebSockets),
                                           of("request_memory", stats.rejectedForMemory)};
                        });
    ownMetrics_.collect("ae_http_request_bytes", "Memory that requests of more than 64 KiB take", Kind::gauge,
                        [this](const db::Context&) {
                            return Samples{{{}, static_cast<double>(server_->stats().requestBytes)}};
                        });
    ownMetrics_.collect("ae_http_tls_handshakes_total", "Handshakes of TLS by how they ended", Kind::counter,
                        [this](const db::Context&) {
                            const auto stats = server_->stats();
                            return Samples{
                                {{{"result", "done"}}, static_cast<double>(stats.handshakes)},
                                {{{"result", "failed"}}, static_cast<double>(stats.failedHandshakes)}};
                        });
    ownMetrics_.collect(
        "ae_tls_certificate_expiry_timestamp_seconds",
        "When the host's certificate ends, since 1970; nothing without TLS", Kind::gauge,
        [this](const db::Context&) {
            const auto certificate = server_->certificate();
            return certificate
                       ? Samples{{{},
                                  static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                                          certificate->expiresAt.time_since_epoch())
                                                          .count())}}
                       : Samples{};
        });
    ownMetrics_.collect("ae_http_late_total",
                        "Connections that were ended because a client was too slow, by what was due",
                        Kind::counter, [this](const db::Context&) {
                            const auto stats = server_->stats();
                            return Samples{{{{"due", "head"}}, static_cast<double>(stats.lateHeads)},
                                           {{{"due", "body"}}, static_cast<double>(stats.lateBodies)},
                                           {{{"due", "answer"}}, static_cast<double>(stats.lateReaders)}};
                        });
    ownMetrics_.collect("ae_http_malformed_total", "Requests whose head or body was not well-formed",
                        Kind::counter, [this](const db::Context&) {
                            return Samples{{{}, static_cast<double>(server_->stats().refused)}};
                        });
    ownMetrics_.collect(
        "ae_db_units_total", "Units of work by how they ended", Kind::counter, [this](const db::Context&) {
            const auto stats = database_->stats();
            return Samples{{{{"result", "committed"}}, static_cast<double>(stats.commits)},
                           {{{"result", "rolled_back"}}, static_cast<double>(stats.rollbacks)},
                           {{{"result", "retried"}}, static_cast<double>(stats.retries)}};
        });
    ownMetrics_.collect("ae_db_connections", "Connections to the database, and callers that wait for one",
                        Kind::gauge, [this](const db::Context&) {
                            const auto stats = database_->stats();
                            return Samples{{{{"state", "busy"}}, static_cast<double>(stats.busyConnections)},
                                           {{{"state", "open"}}, static_cast<double>(stats.openConnections)},
                                           {{{"state", "waiting"}}, static_cast<double>(stats.waiting)}};
                        });
    ownMetrics_.collect("ae_db_connections_max", "Connections to the database at most", Kind::gauge,
                        [this](const db::Context&) {
                            return Samples{{{}, static_cast<double>(database_->stats().mostConnections)}};
                        });
    ownMetrics_.collect("ae_db_waits_total", "Callers that found no connection to the database free",
                        Kind::counter, [this](const db::Context&) {
                            return Samples{{{}, static_cast<double>(database_->stats().waits)}};
                        });
    ownMetrics_.collect("ae_events_total", "Events by subscriber and what became of them", Kind::counter,
                        [this](const db::Context&) {
                            Samples samples;
                            for (const auto& one : bus_->stats()) {
                                const auto add = [&](const char* result, std::uint64_t value) {
                                    samples.push_back(
                                        {{{"subscriber", one.name}, {"event", one.key}, {"result", result}},
                                         static_cast<double>(value)});
                                };
                                add("delivered", one.delivered);
                                add("dropped", one.dropped);
                                add("failed", one.failed);
                            }
                            return samples;
                        });
    const auto ofSubscribers = [this](const char* name, const char* help, Kind kind,
                                      std::uint64_t event::SubscriberStats::*value) {
        ownMetrics_.collect(name, help, kind, [this, value](const db::Context&) {
            Samples samples;
            for (const auto& one : bus_->stats())
                samples.push_back(
                    {{{"subscriber", one.name}, {"event", one.key}}, static_cast<double>(one.*value)});
            return samples;
        });
    };
    ofSubscribers("ae_events_slow_total", "Events whose handler took longer than events.slow_handler",
                  Kind::counter, &event::SubscriberStats::slow);
    ofSubscribers("ae_events_waiting", "Events that wait in a subscriber's queue", Kind::gauge,
                  &event::SubscriberStats::waiting);
    const auto ofJobs = [this](const char* name, const char* help, Kind kind,
                               double (*value)(const JobStats&)) {
        ownMetrics_.collect(name, help, kind, [this, value](const db::Context&) {
            Samples samples;
            for (const auto& [module, job] : jobStats())
                samples.push_back({{{"module", module}, {"job", job.name}}, value(job)});
            return samples;
        });
    };
    ofJobs("ae_job_runs_total", "Runs of a job that have ended", Kind::counter,
           [](const JobStats& job) { return static_cast<double>(job.runs); });
    ofJobs("ae_job_failures_total", "Those of them that threw", Kind::counter,
           [](const JobStats& job) { return static_cast<double>(job.failures); });
    ofJobs("ae_job_seconds", "How long the last run of a job took", Kind::gauge,
           [](const JobStats& job) { return std::chrono::duration<double>(job.lastDuration).count(); });
    const auto ofQueues = [this](const char* name, const char* help, Kind kind, auto read) {
        ownMetrics_.collect(name, help, kind, [this, read](const db::Context&) {
            Samples samples;
            for (const auto& [module, queue] : workQueueStats())
                read(queue, metrics::Labels{{"module", module}, {"queue", queue.name}}, samples);
            return samples;
        });
    };
    const auto add = [](Samples& samples, metrics::Labels labels, const char* label, const char* of,
                        auto value) {
        labels.emplace(label, of);
        samples.push_back({std::move(labels), static_cast<double>(value)});
    };
    ofQueues("ae_work_pieces", "Pieces of work in a queue; those that hang are running as well", Kind::gauge,
             [add](const WorkQueueStats& queue, const metrics::Labels& labels, Samples& samples) {
                 add(samples, labels, "state", "waiting", queue.waiting);
                 add(samples, labels, "state", "running", queue.running);
                 add(samples, labels, "state", "hanging", queue.hanging.size());
             });
    ofQueues("ae_work_total", "Pieces of work by what became of them; late ones end in another way as well",
             Kind::counter,
             [add](const WorkQueueStats& queue, const metrics::Labels& labels, Samples& samples) {
                 add(samples, labels, "result", "done", queue.done);
                 add(samples, labels, "result", "failed", queue.failed);
                 add(samples, labels, "result", "refused", queue.refused);
                 add(samples, labels, "result", "late", queue.late);
             });
    ofQueues("ae_work_oldest_wait_seconds", "How long the first of the waiting pieces of work has waited",
             Kind::gauge, [](const WorkQueueStats& queue, const metrics::Labels& labels, Samples& samples) {
                 samples.push_back({labels, std::chrono::duration<double>(queue.oldest).count()});
             });
    outbox_->registerMetrics(ownMetrics_);
    ownMetrics_.collect(
        "ae_modules", "Modules by state: 1 for the one that it is in", Kind::gauge,
        [this](const db::Context&) {
            Samples samples;
            for (const auto& record : modules_->records())
                samples.push_back(
                    {{{"module", record.id}, {"state", std::string(module::stateName(record.state))}}, 1});
            return samples;
        });
}

} // namespace core::host
