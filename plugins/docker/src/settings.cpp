#include "settings.h"

namespace docker {

Settings::Settings(const Step& step)
    : socket(step.text("socket", "/var/run/docker.sock")), volumes(step.texts("volumes")),
      containers(step.texts("containers")), policy(step.text("policy")),
      prefix(step.text("label_prefix", "restic-monitor")),
      stopTimeout(step.settings().value("stop_timeout_seconds", 30)),
      live(step.settings().value("live", false)) {}

} // namespace docker
