#pragma once

#include <string_view>

namespace core::fault {

namespace detail {
extern const bool armed;
void reached(std::string_view stage, std::string_view subject) noexcept;
} // namespace detail

/// True if the environment wants anything of failpoints: for subjects that have to be put together.
inline bool armed() noexcept {
    return detail::armed;
}
/// A place at which a test ends this process as a power failure would. It has a stage ("before-commit",
/// "after-commit", "before-answer") and a subject: an audit action, the purpose of a unit of work, a route.
/// Costs one look at a constant unless the environment says otherwise (docs/adr/0025):
///   AE_FAILPOINT=trace                   each place that is reached becomes a line on standard error
///   AE_FAILPOINT="STAGE SUBJECT=kill:3"  SIGKILL at the third time
inline void reach(std::string_view stage, std::string_view subject) noexcept {
    if (armed())
        detail::reached(stage, subject);
}

} // namespace core::fault
