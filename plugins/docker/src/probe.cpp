#include "plan.h"
#include "steps.h"
#include "tar.h"

namespace docker {
namespace {
constexpr std::size_t kMostLabels = 2048; // an item has room for 4 KiB

/// The machine of the engine: a part of each dump's path.
std::string hostOf(const Engine& engine) {
    return engine.get("/info").value("Name", std::string());
}
} // namespace

void probe(Step& step) {
    const Settings settings(step);
    const Engine engine(settings.socket, [&] { step.progress(0); });
    const auto plan = makePlan(step, engine, settings);
    Json items = Json::array();
    Json problems = Json::array();
    for (const auto& item : plan.items) {
        items.push_back({{"name", item.name}, {"extension", item.extension}, {"kind", "stream"}});
        if (item.volume && Json(item.volume->labels).dump().size() < kMostLabels)
            items.back()["labels"] = item.volume->labels;
        if (item.kind == Item::Kind::database && item.container) // to try the dump without it
            items.back().update({{"product", item.product},
                                 {"image", item.container->image},
                                 {"image_id", item.container->imageId}});
        if (!item.problem.empty())
            problems.push_back({{"message", item.problem}, {"item", item.name}});
        for (const auto& warning : item.warnings)
            problems.push_back({{"message", item.name + ": " + warning}, {"warning", true}});
    }
    for (const auto& warning : plan.warnings)
        problems.push_back({{"message", warning}, {"warning", true}});
    Json tools = Json::array();
    try {
        tools.push_back({{"name", "tar"}, {"version", tarVersion(step)}});
    } catch (const Failure& failure) {
        problems.push_back({{"message", std::string(failure.what()) + ". " + failure.hint()}});
    }
    step.answer(
        {{"server", {{"label", hostOf(engine)}, {"product", "Docker"}, {"version", engine.version()}}},
         {"tools", tools},
         {"items", items},
         {"problems", problems}});
}

} // namespace docker
