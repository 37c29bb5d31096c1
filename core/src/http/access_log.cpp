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

std::optional<AccessLine> AccessLog::begin(const Request& request, const Route* route,
                                           std::chrono::steady_clock::time_point began) const {
    if (!on_.load(std::memory_order_relaxed))
        return std::nullopt;
    AccessLine line{.method = request.method,
                    .path = route != nullptr ? route->path : shortened(log_.hub(), request.path, kMostPath),
                    .client = request.remoteAddress,
                    .requestId = request.requestId,
                    .userAgent = shortened(log_.hub(), request.headers.get("User-Agent"), kMostUserAgent),
                    .principal = nullptr,
                    .principalId = nullptr,
                    .began = began};
    if (request.caller) {
        line.principal = std::string(principalKindName(request.caller->kind));
        line.principalId = request.caller->id.toString();
    }
    return line;
}

void AccessLog::answered(const AccessLine& line, const Response& response) const {
    write(line, response.status,
          static_cast<std::int64_t>(line.method == "HEAD" ? 0 : response.content().size()));
}

void AccessLog::left(const AccessLine& line) const {
    write(line, nullptr, nullptr);
}

void AccessLog::upgraded(const AccessLine& line) const {
    write(line, 101, nullptr);
}

void AccessLog::ended(const AccessLine& line, const WebSocketEnd& end) const {
    log_.info("WebSocket ended", {{"path", line.path},
                                  {"code", end.code},
                                  {"duration_ms", since(line)},
                                  {"client", line.client},
                                  {"request_id", line.requestId},
                                  {"principal", line.principal},
                                  {"principal_id", line.principalId}});
}

void AccessLog::write(const AccessLine& line, json::Value status, json::Value bytes) const {
    log_.info("request", {{"method", line.method},
                          {"path", line.path},
                          {"status", std::move(status)},
                          {"bytes", std::move(bytes)},
                          {"duration_ms", since(line)},
                          {"client", line.client},
                          {"request_id", line.requestId},
                          {"principal", line.principal},
                          {"principal_id", line.principalId},
                          {"user_agent", line.userAgent}});
}

double AccessLog::since(const AccessLine& line) const {
    return std::chrono::duration<double, std::milli>(clock_.steady() - line.began).count();
}

} // namespace core::http
