#include "database_restore.h"
#include "plan.h"
#include "steps.h"
#include "volume_restore.h"

namespace docker {
namespace {
/// Takes the beginning away, if the text has it.
bool take(std::string& text, std::string_view beginning) {
    if (!text.starts_with(beginning))
        return false;
    text.erase(0, beginning.size());
    return true;
}

void restoreFiles(const Step& step, const Engine& engine, const Settings& settings, std::string target,
                  bool replace) {
    // As it had them, so that what made it knows it again.
    Json labels = Json::object();
    if (const auto found = step.item().find("labels"); found != step.item().end() && found->is_object() &&
                                                       step.item().value("name", std::string()) == target)
        labels = *found;
    if (take(target, kVolume) || (!take(target, kFolder) && !target.starts_with('/')))
        restoreVolume(step, engine, settings, target, replace, labels);
    else
        restoreFolder(step, engine, settings, target, replace);
}

/// `own`: CONTAINER/DATABASE as it was dumped; `target`: the same, or another database in that container.
void restoreInto(const Step& step, const Engine& engine, const Settings& settings, const std::string& own,
                 std::string target, bool replace) {
    take(target, kDatabase);
    auto name = own.substr(0, own.find('/'));
    auto container = findContainer(engine, name);
    if (const auto slash = target.find('/'); slash != std::string::npos && slash > 0)
        if (auto other = findContainer(engine, target.substr(0, slash))) {
            container = std::move(other);
            name = target.substr(0, slash);
            target.erase(0, slash + 1);
        }
    if (!container)
        throw Failure("There is no container " + name,
                      "Create and start it, or name another one as CONTAINER/DATABASE");
    const auto* product = container->label(settings.prefix + ".dump");
    if (product == nullptr || !isProduct(*product))
        throw Failure("The container " + name + " has no label " + settings.prefix +
                          ".dump that says which server is in it",
                      "Name a container that has");
    if (target.empty())
        throw Failure("The database to restore has no name");
    restoreDatabase(step, engine, *container, *product, target, replace);
}
} // namespace

void restore(Step& step) {
    const Settings settings(step);
    const Engine engine(settings.socket, [&] { step.progress(0); });
    auto name = step.item().value("name", std::string());
    auto target = step.options().value("database", std::string());
    if (target.empty())
        target = name;
    const bool replace = step.options().value("replace", false);
    if (name.starts_with(kVolume) || name.starts_with(kFolder))
        restoreFiles(step, engine, settings, target, replace);
    else if (take(name, kDatabase))
        restoreInto(step, engine, settings, name, target, replace);
    else
        throw Failure("What the program in a container wrote is restored by hand",
                      "restic dump SNAPSHOT FILE | docker exec -i CONTAINER PROGRAM");
}

} // namespace docker
