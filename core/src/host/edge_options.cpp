#include "host/edge_options.h"

namespace core::host {

http::EdgeOptions edgeOptions(const config::Config& config) {
    http::EdgeOptions options;
    options.cors = http::Cors(config.list("http.cors_origins"));
    options.rateLimit = static_cast<double>(config.integer("http.rate_limit"));
    options.rateBurst = static_cast<double>(config.integer("http.rate_burst"));
    options.throttle.accountFailures = static_cast<double>(config.integer("http.throttle_account"));
    options.throttle.addressFailures = static_cast<double>(config.integer("http.throttle_address"));
    options.throttle.window = config.duration("http.throttle_window");
    options.accessLog = config.boolean("http.access_log");
    return options;
}

} // namespace core::host
