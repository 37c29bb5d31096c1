#pragma once

#include "plan.h"

namespace docker {

/// Dumps an item to the step's stream, and answers.
void dumpFiles(const Step& step, const Engine& engine, const Settings& settings, const Item& item);
void dumpDatabase(const Step& step, const Engine& engine, const Item& item);
void dumpOutput(const Step& step, const Engine& engine, const Item& item);

} // namespace docker
