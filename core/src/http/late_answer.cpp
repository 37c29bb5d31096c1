#include "http/late_answer.h"

namespace core::http {

LateAnswer::LateAnswer(const Cors& cors, const Request& request, const AccessLog& log,
                       std::optional<AccessLine> line)
    : cors_(cors), log_(log), line_(std::move(line)) {
    if (const std::string* origin = request.headers.find("Origin"))
        origin_ = *origin;
}

LateAnswer::~LateAnswer() {
    if (line_ && !over_)
        log_.left(*line_);
}

void LateAnswer::answer(Response& response) {
    cors_.mark(origin_ ? &*origin_ : nullptr, response);
    over_ = true;
    if (line_)
        log_.answered(*line_, response);
}

void LateAnswer::upgrade() {
    over_ = true;
    if (line_)
        log_.upgraded(*line_);
}

void LateAnswer::ended(const WebSocketEnd& end) {
    if (line_)
        log_.ended(*line_, end);
}

} // namespace core::http
