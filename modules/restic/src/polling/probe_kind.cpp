#include "polling/probe_kind.h"

#include <algorithm>

namespace restic {

const Probe* ProbeContext::earlier(std::string_view kind) const {
    const auto found =
        std::find_if(before.begin(), before.end(), [&](const Probe& one) { return one.kind == kind; });
    return found == before.end() ? nullptr : &*found;
}

core::milliseconds ProbeContext::remaining() const {
    return std::max(core::milliseconds(1), std::chrono::duration_cast<core::milliseconds>(
                                               deadline - std::chrono::steady_clock::now()));
}

const std::vector<ProbeKind>& probeKinds() {
    using M = MonitorSettings;
    static const std::vector<ProbeKind> kinds{
        {probes::kSnapshots, &M::interval, &M::timeout, false, lookAtSnapshots},
        {probes::kStats, &M::statsInterval, &M::timeout, true, lookAtSize},
        {probes::kCheck, &M::checkInterval, &M::checkTimeout, true, checkStructure},
    };
    return kinds;
}

const ProbeKind* findProbeKind(std::string_view name) noexcept {
    const auto& kinds = probeKinds();
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const ProbeKind& one) { return one.name == name; });
    return found == kinds.end() ? nullptr : &*found;
}

} // namespace restic
