#pragma once

#include "engine.h"
#include "notes.h"

namespace docker {

/// Restores the stream into a volume. The dump is unpacked into a volume of its own first; only when it is
/// whole the contents are exchanged, with the containers that have the volume stopped meanwhile. `labels`: of
/// a volume that is created.
void restoreVolume(const Step& step, const Engine& engine, const Settings& settings, const std::string& name,
                   bool replace, const Json& labels);

/// The same for a folder of the machine that some container has.
void restoreFolder(const Step& step, const Engine& engine, const Settings& settings,
                   const std::string& folder, bool replace);

/// Removes what a restore that was cut off had unpacked, and the note.
void removeUnfinished(const Engine& engine, Note& note);

} // namespace docker
