#include "host/settings.h"

#include <filesystem>

#include <fmt/format.h>

#include "db/url.h"

namespace core::host {

using config::Setting;
using config::SettingType;

namespace {
std::optional<std::string> checkDatabaseUrl(const std::string& text) {
    try {
        db::parseUrl(text, {});
        return std::nullopt;
    } catch (const Error& error) {
        return fmt::format("cannot be used: {}", error.what());
    }
}
std::optional<std::string> checkFolder(const std::string& text) {
    std::error_code ignored;
    return std::filesystem::is_directory(text, ignored)
               ? std::nullopt
               : std::optional(fmt::format("must name folders that are there: {} is none", text));
}
} // namespace

std::vector<Setting> settings() {
    return {
        {.key = "data_dir",
         .defaultValue = "/var/lib/ae-backend",
         .doc = "Folder for the embedded database, keys and files of modules"},
        {.key = "database.url",
         .doc = "sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE; default: ae-backend.db in the "
                "data folder",
         .environment = "AE_DATABASE_URL",
         .secret = true,
         .check = checkDatabaseUrl},
        {.key = "database.pool_size",
         .type = SettingType::integer,
         .defaultValue = "10",
         .doc = "Connections to the database at most",
         .min = 2,
         .max = 500,
         .unit = "connections"},
        {.key = "http.addr",
         .type = SettingType::list,
         .defaultValue = "0.0.0.0:8080",
         .doc =
             "Addresses to listen on: HOST:PORT, [V6]:PORT ([::]:PORT takes IPv4 as well) or unix:/PATH (a "
             "socket file with mode 0660); port 0 takes a free one. Sockets that systemd hands over replace "
             "them",
         .seedName = "Host, Port"},
        {.key = "tls.cert_file",
         .doc = "Certificate of this host with its chain, PEM. With it every TCP address speaks TLS; one "
                "that is "
                "written http://HOST:PORT does not. A changed file is taken within seconds, or at SIGHUP"},
        {.key = "tls.key_file", .doc = "Its key, PEM without a passphrase; may be the same file"},
        {.key = "tls.client_ca_file",
         .doc =
             "CA whose client certificates are taken, PEM; without it none is asked for. A client may have "
             "none, but one that it shows must be valid"},
        {.key = "http.read_timeout",
         .type = SettingType::duration,
         .defaultValue = "30s",
         .doc = "Time in which a request's body must arrive",
         .min = 1,
         .seedName = "ReadTimeout"},
        {.key = "http.write_timeout",
         .type = SettingType::duration,
         .defaultValue = "30s",
         .doc = "Time in which a client must take an answer, or 64 KiB more of it; a parked long poll is "
                "outside it",
         .min = 1,
         .seedName = "WriteTimeout"},
        {.key = "http.header_timeout",
         .type = SettingType::duration,
         .defaultValue = "15s",
         .doc = "Time in which a request's head must arrive",
         .min = 1},
        {.key = "http.idle_timeout",
         .type = SettingType::duration,
         .defaultValue = "75s",
         .doc = "How long an idle connection is kept",
         .min = 1},
        {.key = "http.max_header_bytes",
         .type = SettingType::size,
         .defaultValue = "1MiB",
         .doc = "Largest head of a request",
         .min = 1024,
         .max = 16777216,
         .seedName = "MaxHeaderBytes"},
        {.key = "http.workers",
         .type = SettingType::integer,
         .defaultValue = "2",
         .doc = "Threads for short requests",
         .min = 1,
         .max = 256,
         .unit = "threads"},
        {.key = "http.blocking_workers",
         .type = SettingType::integer,
         .defaultValue = "8",
         .doc = "Threads for requests that wait for passwords, long queries or other machines",
         .min = 1,
         .max = 256,
         .unit = "threads"},
        {.key = "http.max_queue_wait",
         .type = SettingType::duration,
         .defaultValue = "5s",
         .doc = "How long the oldest request may wait for a thread before further ones are answered 503, "
                "because the database, say, answers nobody",
         .min = 100,
         .max = 600000},
        {.key = "http.max_connections",
         .type = SettingType::integer,
         .defaultValue = "18000",
         .doc = "Open connections at most",
         .min = 10,
         .unit = "connections"},
        {.key = "http.max_connections_per_address",
         .type = SettingType::integer,
         .defaultValue = "256",
         .doc = "Open connections of one address at most (of IPv6: of one /64 network); none for loopback, "
                "socket files and trusted proxies",
         .min = 1,
         .unit = "connections"},
        {.key = "http.max_parked",
         .type = SettingType::integer,
         .defaultValue = "16000",
         .doc = "Long polls that wait at most; one more is answered 503",
         .min = 1,
         .unit = "requests"},
        {.key = "http.max_request_memory",
         .type = SettingType::size,
         .defaultValue = "256MiB",
         .doc = "Memory that all requests may take together while they arrive and are handled; beyond it a "
                "large one is answered 503. Heads and bodies of at most 64 KiB do not count",
         .min = 16777216},
        {.key = "http.max_websockets",
         .type = SettingType::integer,
         .defaultValue = "16000",
         .doc = "Open WebSockets at most; one more is answered 503",
         .min = 1,
         .unit = "connections"},
        {.key = "http.websocket_max_frame",
         .type = SettingType::size,
         .defaultValue = "1MiB",
         .doc = "Largest frame that a WebSocket's client may send; a larger one ends it with 1009",
         .min = 1024,
         .max = 67108864},
        {.key = "http.websocket_max_message",
         .type = SettingType::size,
         .defaultValue = "4MiB",
         .doc = "The same for a whole message; routes have smaller limits of their own",
         .min = 1024,
         .max = 67108864},
        {.key = "http.websocket_max_queue",
         .type = SettingType::size,
         .defaultValue = "4MiB",
         .doc =
             "How much may wait for one client of a WebSocket that reads slowly; routes have smaller limits "
             "of their own",
         .min = 65536,
         .max = 1073741824},
        {.key = "http.websocket_ping",
         .type = SettingType::duration,
         .defaultValue = "25s",
         .doc = "How long nothing is heard of a WebSocket's client before it is asked whether it is there; "
                "after as long again it is given up",
         .min = 100,
         .max = 3600000},
        {.key = "http.trusted_proxies",
         .type = SettingType::list,
         .doc = "Addresses and networks (10.0.0.0/8) of proxies whose X-Forwarded-For, X-Forwarded-Proto and "
                "PROXY headers count; socket files are always trusted"},
        {.key = "http.proxy_protocol",
         .type = SettingType::boolean,
         .defaultValue = "false",
         .doc = "Every connection begins with a header of the PROXY protocol, version 1 or 2; only trusted "
                "proxies may connect"},
        {.key = "http.cors_origins",
         .type = SettingType::list,
         .doc =
             "Other origins whose scripts may call the API and read its answers, exactly as browsers write "
             "them (https://monitor.example.org), separated by commas; cookies are never allowed to them"},
        {.key = "http.rate_limit",
         .type = SettingType::integer,
         .defaultValue = "200",
         .doc =
             "How many requests one caller (a person, a token, an agent) may send on average; what is more "
             "gets 429 with Retry-After. 0: no limit",
         .min = 0,
         .max = 1000000,
         .unit = "requests a second"},
        {.key = "http.rate_burst",
         .type = SettingType::integer,
         .defaultValue = "400",
         .doc = "How many of them may come at once",
         .min = 1,
         .max = 1000000,
         .unit = "requests"},
        {.key = "http.throttle_account",
         .type = SettingType::integer,
         .defaultValue = "10",
         .doc =
             "Failed attempts to sign in or to enrol that one account may make from one address before 429; "
             "other addresses are not held up",
         .min = 1,
         .max = 10000,
         .unit = "attempts"},
        {.key = "http.throttle_address",
         .type = SettingType::integer,
         .defaultValue = "50",
         .doc = "The same for all accounts of one address (of IPv6, one /64); this machine has no such limit",
         .min = 1,
         .max = 100000,
         .unit = "attempts"},
        {.key = "http.throttle_window",
         .type = SettingType::duration,
         .defaultValue = "15m",
         .doc = "Time in which so many failed attempts are forgiven, one after the other",
         .min = 1000,
         .max = 86400000},
        {.key = "http.access_log",
         .type = SettingType::boolean,
         .defaultValue = "false",
         .doc = "Write one line to the log for each request, at level info",
         .restartNeeded = false},
        {.key = "http.drain_delay",
         .type = SettingType::duration,
         .defaultValue = "0s",
         .doc =
             "How long /health/ready says no before a host that stops takes no more requests: at least twice "
             "the interval at which a load balancer asks",
         .min = 0,
         .max = 300000},
        {.key = "http.idempotency_retention",
         .type = SettingType::duration,
         .defaultValue = "24h",
         .doc = "How long the answer to a request with an Idempotency-Key is given again",
         .min = 60000},
        {.key = "http.swagger",
         .type = SettingType::boolean,
         .defaultValue = "true",
         .doc = "Offer /openapi.json and the page at /swagger/",
         .seedName = "EnableSwagger"},
        {.key = "log.level",
         .defaultValue = "info",
         .doc = "Least important lines that are written",
         .oneOf = {"debug", "info", "warn", "error"},
         .restartNeeded = false},
        {.key = "log.format",
         .defaultValue = "json",
         .doc = "json for machines, text for people",
         .oneOf = {"json", "text"},
         .restartNeeded = false},
        {.key = "hosts.lease",
         .type = SettingType::duration,
         .defaultValue = "15s",
         .doc =
             "Several hosts on one PostgreSQL: after how long without a sign of life another host takes over "
             "what only one may do; the same on every host",
         .min = 1000,
         .max = 600000},
        {.key = "events.slow_handler",
         .type = SettingType::duration,
         .defaultValue = "1s",
         .doc = "A handler of events that takes longer is reported in the log, once a minute",
         .min = 1},
        {.key = "modules.start_timeout",
         .type = SettingType::duration,
         .defaultValue = "60s",
         .doc =
             "A module whose start takes longer is given up; the host goes on without it and its dependants",
         .min = 10},
        {.key = "modules.stop_timeout",
         .type = SettingType::duration,
         .defaultValue = "15s",
         .doc = "A module whose end takes longer is left behind when the host stops",
         .min = 10},
        {.key = "events.keep",
         .type = SettingType::duration,
         .defaultValue = "7d",
         .doc = "How long events wait for a durable subscription whose module is not loaded, and how long "
                "events that could not be delivered are kept",
         .min = 3600000,
         .max = 31536000000},
        {.key = "module_path",
         .type = SettingType::list,
         .doc = "Folders with further modules, separated by colons",
         .check = checkFolder},
        {.key = "web_dir",
         .doc = "Folder of the built web application; default: beside the program",
         .check = checkFolder},
    };
}

} // namespace core::host
