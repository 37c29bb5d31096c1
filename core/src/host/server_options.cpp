#include "host/server_options.h"

namespace core::host {

http::ServerOptions serverOptions(const config::Config& config) {
    const auto number = [&](const char* key) { return static_cast<std::size_t>(config.integer(key)); };
    http::ServerOptions options;
    for (const auto& text : config.list("http.addr"))
        options.addresses.push_back(http::ListenAddress::parse(text).value());
    if (options.addresses.empty())
        throw Error(errors::kValidation, "http.addr names no address to listen on: write HOST:PORT.");
    const http::TlsFiles tls{config.text("tls.cert_file"), config.text("tls.key_file"),
                             config.text("tls.client_ca_file")};
    if (tls.certificate.empty() != tls.key.empty())
        throw Error(errors::kValidation, "tls.cert_file and tls.key_file go together: set both or none.");
    if (tls.certificate.empty() && !tls.clientCa.empty())
        throw Error(errors::kValidation, "tls.client_ca_file needs tls.cert_file and tls.key_file.");
    if (!tls.certificate.empty())
        options.tls = tls;
    for (const auto& address : options.addresses)
        if (address.protocol == http::ListenAddress::Protocol::tls && !options.tls)
            throw Error(errors::kValidation,
                        "The address " + address.text + " needs tls.cert_file and tls.key_file.");
    options.fastWorkers = number("http.workers");
    options.blockingWorkers = number("http.blocking_workers");
    options.maxQueueWait = config.duration("http.max_queue_wait");
    options.maxConnections = number("http.max_connections");
    options.maxConnectionsPerAddress = number("http.max_connections_per_address");
    options.maxParked = number("http.max_parked");
    options.maxWebSockets = number("http.max_websockets");
    options.maxWebSocketFrame = static_cast<std::size_t>(config.bytes("http.websocket_max_frame"));
    options.maxWebSocketMessage = static_cast<std::size_t>(config.bytes("http.websocket_max_message"));
    options.maxWebSocketQueue = static_cast<std::size_t>(config.bytes("http.websocket_max_queue"));
    options.webSocketPing = config.duration("http.websocket_ping");
    auto proxies = http::AddressSet::parse(config.list("http.trusted_proxies"));
    if (!proxies)
        throw Error(errors::kValidation, std::string("http.trusted_proxies: ") + proxies.error().what());
    options.trustedProxies = std::move(proxies).value();
    options.proxyProtocol = config.boolean("http.proxy_protocol");
    options.head.maxBytes = static_cast<std::size_t>(config.bytes("http.max_header_bytes"));
    options.maxRequestMemory = static_cast<std::size_t>(config.bytes("http.max_request_memory"));
    options.headTimeout = config.duration("http.header_timeout");
    options.bodyTimeout = config.duration("http.read_timeout");
    options.writeTimeout = config.duration("http.write_timeout");
    options.idleTimeout = config.duration("http.idle_timeout");
    return options;
}

} // namespace core::host
