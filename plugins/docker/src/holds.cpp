#include "holds.h"

#include <thread>

namespace docker {
namespace {
using namespace std::chrono_literals;

std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string path(const std::string& id, const char* what) {
    return "/containers/" + Engine::escaped(id) + "/" + what;
}

void undo(const Step& step, const Engine& engine, const Container& container, bool stopped) {
    const auto answer = engine.call("POST", path(container.id, stopped ? "start" : "unpause"), std::nullopt,
                                    std::chrono::minutes(2));
    if (!answer.ok() && answer.status != 304 && answer.status != 404)
        throw Failure("The container " + container.name + " could not be " +
                          (stopped ? "started" : "unpaused") + " again: " + answer.message(),
                      "Do it by hand: docker " + std::string(stopped ? "start " : "unpause ") +
                          container.name);
    step.info("The container " + container.name + (stopped ? " was started again" : " was unpaused again"));
}

/// Whether the container of the note is as we left it; nullopt: it may still become so.
std::optional<bool> asWeLeftIt(const std::optional<Container>& container, const Json& note, bool stopped) {
    if (!container || container->startedAt != note.value("startedAt", std::string()))
        return false; // gone, or started by somebody since
    if (stopped ? !container->running : container->paused)
        return true;
    if (!stopped && !container->running)
        return false;
    // A call of a step that was ended may still be at work.
    if (!note.value("done", false) && now() <= note.value("until", std::int64_t(0)))
        return std::nullopt;
    return false;
}
} // namespace

void putRight(const Step& step, const Engine& engine, Note& note) {
    const auto id = note.content().value("id", std::string());
    const bool stopped = note.content().value("how", std::string()) == nameOf(How::stop);
    for (;;) {
        const auto container = findContainer(engine, id);
        const auto ours = asWeLeftIt(container, note.content(), stopped);
        if (ours) {
            if (*ours)
                undo(step, engine, *container, stopped);
            note.remove();
            return;
        }
        std::this_thread::sleep_for(100ms);
        step.progress(0);
    }
}

void Holds::hold(const std::string& containerId, How how) {
    const auto container = findContainer(engine_, containerId);
    if (how == How::live || !container || !container->running || container->paused)
        return;
    if (const auto obstacle = obstacleTo(how, *container, OwnContainer::ofThisProcess()); !obstacle.empty())
        throw Failure(obstacle);
    const bool stop = how == How::stop;
    const auto mayTake = stop ? settings_.stopTimeout + 15s : 5s;
    auto& note = notes_.emplace_back(step_, "held-" + container->id,
                                     Json{{"type", kHeld},
                                          {"socket", engine_.socket()},
                                          {"id", container->id},
                                          {"name", container->name},
                                          {"how", nameOf(how)},
                                          {"startedAt", container->startedAt},
                                          {"when", now()},
                                          {"until", now() + mayTake.count()},
                                          {"done", false}});
    const auto answer =
        engine_.call("POST",
                     path(container->id, stop ? "stop?t=" : "pause") +
                         (stop ? std::to_string(settings_.stopTimeout.count()) : std::string()),
                     std::nullopt, settings_.stopTimeout + std::chrono::seconds(120));
    if (answer.status == 304 || answer.status == 404) { // it had stopped by itself, or is gone
        note.remove();
        notes_.pop_back();
        return;
    }
    if (!answer.ok()) {
        note.set({{"until", now() + 3}}); // it may have stopped all the same
        throw Failure("The container " + container->name + " could not be " + (stop ? "stopped" : "paused") +
                      ": " + answer.message());
    }
    // It may have been started anew since it was looked at, as one that crashes again and again.
    if (const auto after = findContainer(engine_, container->id);
        after && (stop ? !after->running : after->paused))
        note.set({{"startedAt", after->startedAt}, {"done", true}});
    step_.info("The container " + container->name + (stop ? " is stopped" : " is paused"));
}

std::vector<std::string> Holds::release() {
    std::vector<std::string> problems;
    for (; !notes_.empty(); notes_.pop_back())
        try {
            putRight(step_, engine_, notes_.back());
        } catch (const std::exception& error) {
            problems.emplace_back(error.what());
        }
    return problems;
}

Holds::~Holds() {
    for (const auto& problem : release())
        step_.warn(problem);
}

} // namespace docker
