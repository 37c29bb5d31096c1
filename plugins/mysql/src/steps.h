#pragma once

#include "settings.h"

/// The steps of dump_plugin.h.
namespace mysql {

void probe(Step& step);
void dump(Step& step);
void restore(Step& step);
void verify(Step& step);
void cleanup(Step& step);

} // namespace mysql
