#include <algorithm>
#include <filesystem>

#include "holds.h"
#include "steps.h"
#include "throwaway.h"
#include "volume_restore.h"

namespace docker {
namespace {
void putRightWhat(const Step& step, const Settings& settings, Note& note, bool nobodyHolds) {
    const auto type = note.content().value("type", std::string());
    if (type == kHeld && !nobodyHolds)
        return;
    const Engine engine(note.content().value("socket", settings.socket), [&] { step.progress(0); });
    if (type == kHeld)
        putRight(step, engine, note);
    else if (type == kThrowaway)
        removeThrowaway(step, engine, note);
    else
        removeUnfinished(engine, note);
}
} // namespace

void cleanup(Step& step) {
    // Before the lock: a step without one leaves nothing.
    if (notesLeft(step).empty())
        return;
    const Settings settings(step);
    const Lock lock(step, Lock::Wait::briefly);
    if (!lock.held())
        step.info("Another step holds containers; what is left of earlier ones is put right after it");
    std::vector<std::string> problems;
    auto notes = notesLeft(step);
    // The last one held is started first, as it would have been.
    std::ranges::sort(notes, std::ranges::greater(),
                      [](const Note& note) { return note.content().value("when", std::int64_t(0)); });
    for (auto& note : notes)
        try {
            putRightWhat(step, settings, note, lock.held());
        } catch (const std::exception& error) {
            problems.emplace_back(error.what());
        }
    if (problems.empty())
        return;
    std::string all;
    for (const auto& problem : problems)
        all += (all.empty() ? "" : "; ") + problem;
    throw Failure(all, "It is tried again after the next backup and at the agent's next start");
}

} // namespace docker
