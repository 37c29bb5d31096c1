#pragma once

#include <optional>
#include <string>

#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"

/// How one protected thing is, in four answers that each have their proof.
namespace restic {

/// What proves a light: whoever doubts it looks there.
struct Evidence {
    std::string kind; ///< run, task, snapshot, probe
    std::string id;
};

struct Light {
    /// ok, warning, bad; unknown: nothing has shown it yet; none: it is not asked of this thing.
    std::string state = "none";
    /// The name of why it is not ok, as errors have one.
    std::optional<std::string> reason = {};
    std::optional<std::string> message = {};
    /// When it was last good.
    std::optional<core::Instant> at = {};
    std::optional<Evidence> evidence = {};
};

struct Lights {
    Light backup;
    Light retention;
    Light check;
    Light restoreTest;
};

const core::wire::Type& wireType(const Evidence*);
const core::wire::Type& wireType(const Light*);
const core::wire::Type& wireType(const Lights*);

/// A light that is not ok, and why.
[[nodiscard]] Light lightOf(std::string state, std::string_view reason, std::string message);

/// The worst of the four; of two that are as bad the first in this order: a check that found damage, the
/// backup, retention, check, restore test. What is unknown counts of the backup alone.
[[nodiscard]] const Light& worst(const Lights& lights);

} // namespace restic
