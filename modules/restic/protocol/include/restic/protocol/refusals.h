#pragma once

#include <array>
#include <string_view>

namespace restic::protocol {

/// What an agent does after an answer that is no success.
enum class Refusal {
    later,        ///< as if nobody had answered: try again, lose nothing
    endsIdentity, ///< the agent was revoked, or its token has expired: it must be enrolled again
    token,        ///< the token is not known: rotate it once, then as `later`
    registration, ///< the enrolment is refused
    endsTask,     ///< the server wants no more of this attempt at the task
    content,      ///< the same body will never be taken: send less, or in another form
    lacksItems,   ///< items of the result are missing: send them, then the report again
    tooLarge,     ///< the result's items are more than the server takes: the task fails
};

/// One of the host's errors that agents act upon.
struct KnownRefusal {
    std::string_view name;
    int status;
    Refusal meaning;
};

/// Everything that ends something, and nothing else: whatever stands between the two ends may answer in the
/// host's place, so that only a name of this list with its own status has an effect.
inline constexpr std::array kRefusals{
    KnownRefusal{"TokenRevoked", 401, Refusal::endsIdentity},
    KnownRefusal{"TokenExpired", 401, Refusal::endsIdentity},
    KnownRefusal{"InvalidToken", 401, Refusal::token},
    KnownRefusal{"InvalidRegistrationToken", 401, Refusal::registration},
    KnownRefusal{"AgentAlreadyExists", 409, Refusal::registration},
    KnownRefusal{"TenantLimitReached", 409, Refusal::registration},
    KnownRefusal{"TaskNotFound", 404, Refusal::endsTask},
    KnownRefusal{"StaleAttempt", 409, Refusal::endsTask},
    KnownRefusal{"TaskAlreadyFinished", 409, Refusal::endsTask},
    KnownRefusal{"ResultIncomplete", 409, Refusal::lacksItems},
    KnownRefusal{"ResultTooLarge", 413, Refusal::tooLarge},
    KnownRefusal{"ValidationError", 400, Refusal::content},
    KnownRefusal{"MalformedRequest", 400, Refusal::content},
    KnownRefusal{"PayloadTooLarge", 413, Refusal::content},
    KnownRefusal{"UnsupportedMediaType", 415, Refusal::content},
};

/// `name`: the member `error` of a JSON body; "" if the answer has none.
[[nodiscard]] constexpr Refusal judgeRefusal(int status, std::string_view name) noexcept {
    for (const auto& known : kRefusals)
        if (known.status == status && known.name == name)
            return known.meaning;
    return Refusal::later;
}

} // namespace restic::protocol
