#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/plugin_step.h"

namespace docker {

using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

struct Settings {
    explicit Settings(const Step& step);

    std::string socket;
    std::vector<std::string> volumes;
    std::vector<std::string> containers;
    std::string policy;
    std::string prefix;
    std::chrono::seconds stopTimeout;
    bool live;
};

} // namespace docker
