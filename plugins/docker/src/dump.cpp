#include "dump.h"

#include "connection.h"
#include "steps.h"

namespace docker {

void dump(Step& step) {
    withoutPipeSignal(); // whatever becomes of the reader, containers are let go
    const Settings settings(step);
    const Engine engine(settings.socket, [&] { step.progress(0); });
    const auto name = step.item().value("name", std::string());
    // As the engine is now: containers may have been made anew since they were looked at.
    const auto plan = makePlan(step, engine, settings, name);
    const auto* item = plan.find(name);
    if (item == nullptr)
        throw Failure("There is no " + name + " any more that settings or labels choose");
    if (!item->problem.empty())
        throw Failure(item->problem);
    if (item->kind == Item::Kind::volume || item->kind == Item::Kind::folder)
        dumpFiles(step, engine, settings, *item);
    else if (item->kind == Item::Kind::database)
        dumpDatabase(step, engine, *item);
    else
        dumpOutput(step, engine, *item);
}

} // namespace docker
