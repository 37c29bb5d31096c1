#pragma once

#include "commands/options.h"
#include "config/config.h"
#include "core/time.h"
#include "state/files.h"
#include "state/identity.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kEnrolment{"EnrolmentFailed", 503, "The agent could not be enrolled",
                                            "Read the message"};
} // namespace errors

/// Enrols this machine and stores the identity. The nonce is stored before it is sent, so that a lost answer
/// costs nothing: the same command again gets the same agent. Throws core::Error with a sentence that says
/// what to do.
Identity enrol(const Config& config, const StateDir& state, const EnrollOptions& options,
               const Environment& environment, const core::Clock& clock);

} // namespace agent
