#include "tasks/refusal_answer.h"

#include "core/json.h"
#include "core/wire.h"
#include "errors.h"

namespace restic {

using core::http::Response;

Response refusal(const core::ErrorKind& kind, const protocol::TaskStatusAck& state, int attempt) {
    std::string body = R"({"error":")" + std::string(kind.name) + R"(","message":)";
    const bool isAhead = &kind == &errors::kStaleAttempt && attempt > state.attempt;
    core::json::writeString((isAhead ? "The attempt " + std::to_string(attempt) + " was never handed out"
                                     : std::string(kind.meaning)) +
                                ": it is " + state.status + ", attempt " + std::to_string(state.attempt) +
                                ".",
                            body);
    body += R"(,"details":)" + core::wire::write(state) + "}";
    return Response::json(std::move(body), kind.status);
}

} // namespace restic
