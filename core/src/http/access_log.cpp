#include "http/access_log.h"

#include "core/encoding.h"

namespace core::http {

namespace {
constexpr std::size_t kMostUserAgent = 200;
constexpr std::size_t kMostPath = 200;

/// At most so many bytes, cut between characters. A secret is masked while it is still whole: half of one is
/// nothing that the log would know.
std::string shortened(const LogHub& hub, std::string_view text, std::size_t most) {
    std::string masked = toUtf8(hub.redact(text));
    if (masked.size() <= most)
        return masked;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(masked[end]) & 0xC0U) == 0x80U)
        --end;
    masked.resize(end);
    return masked;
}
} // namespace

void AccessLog::write(const Request& request, const Route* route, const Outcome& outcome,
                      std::chrono::nanoseconds took) const {
    if (!on_.load(std::memory_order_relaxed))
        return;
    json::Value status = nullptr, bytes = nullptr, principal = nullptr, id = nullptr;
    if (const auto* response = std::get_if<Response>(&outcome)) {
        status = response->status;
        bytes = static_cast<std::int64_t>(request.method == "HEAD" ? 0 : response->content().size());
    } else if (std::holds_alternative<Upgrade>(outcome)) {
        status = 101;
    }
    if (request.caller) {
        principal = std::string(principalKindName(request.caller->kind));
        id = request.caller->id.toString();
    }
    log_.info("request",
              {{"method", request.method},
               {"path", route != nullptr ? route->path : shortened(log_.hub(), request.path, kMostPath)},
               {"status", std::move(status)},
               {"bytes", std::move(bytes)},
               {"duration_ms", std::chrono::duration<double, std::milli>(took).count()},
               {"client", request.remoteAddress},
               {"request_id", request.requestId},
               {"principal", std::move(principal)},
               {"principal_id", std::move(id)},
               {"user_agent", shortened(log_.hub(), request.headers.get("User-Agent"), kMostUserAgent)}});
}

} // namespace core::http
