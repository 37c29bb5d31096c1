#include "throwaway.h"

#include <thread>

namespace docker {
namespace {
using namespace std::chrono_literals;

constexpr std::int64_t kMemory = std::int64_t{1} << 30U;
constexpr std::int64_t kMostProcesses = 1000;
constexpr auto kMostStart = 5min; // a first start fills the folder of data
constexpr std::int64_t kMostCreation = 30;

std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// What the images that plugin and labels are made for set their server up with.
std::vector<std::string> environmentOf(const std::string& product, const std::string& user,
                                       const std::string& password) {
    if (product == "postgres")
        return {"POSTGRES_USER=" + user, "POSTGRES_PASSWORD=" + password, "POSTGRES_DB=postgres"};
    return {"MARIADB_ROOT_PASSWORD=" + password, "MYSQL_ROOT_PASSWORD=" + password};
}

/// What the container said last: of its errors, if it said any. The engine keeps the two streams in the order
/// in which it read them, which is not always that in which they were written.
std::string lastWords(const Step& step, const Engine& engine, const std::string& container) {
    std::string output;
    std::string errors;
    Frames frames([&](std::string_view piece) { output += piece; },
                  [&](std::string_view piece) { errors += piece; });
    engine.download(
        "/containers/" + container + "/logs?stdout=true&stderr=true&tail=20",
        [&](std::string_view piece) { return frames.read(piece); }, [&] { return step.stopped(); });
    for (const auto* text : {&errors, &output}) {
        const auto end = text->find_last_not_of(" \r\n\t");
        if (end == std::string::npos)
            continue;
        const auto newline = text->rfind('\n', end);
        const auto begin = newline == std::string::npos ? 0 : newline + 1;
        return text->substr(begin, end - begin + 1);
    }
    return "it says nothing";
}
} // namespace

ThrowawayServer::ThrowawayServer(const Step& step, const Engine& engine, const Settings& settings,
                                 const std::string& image, const std::string& product,
                                 const std::string& user)
    : step_(step), engine_(engine), product_(product), token_(token()),
      label_(settings.prefix + "." + kTrialLabel), name_("restic-monitor-verify-" + token_),
      note_(step, "verify-" + token_,
            {{"type", kThrowaway},
             {"socket", engine.socket()},
             {"name", name_},
             {"label", label_},
             {"token", token_},
             {"until", now() + kMostCreation}}) {
    try {
        create(image, user);
        awaitServer();
    } catch (...) {
        remove();
        throw;
    }
}

ThrowawayServer::~ThrowawayServer() {
    remove();
}

void ThrowawayServer::create(const std::string& image, const std::string& user) {
    engine_.post("/containers/create?name=" + name_,
                 {{"Image", image},
                  {"Env", environmentOf(product_, user, token())},
                  {"Labels", {{label_, token_}}},
                  {"Healthcheck", {{"Test", Json::array({"NONE"})}}},
                  {"HostConfig",
                   {{"NetworkMode", "none"},
                    {"Memory", kMemory},
                    {"MemorySwap", kMemory}, // both together: none is swapped
                    {"PidsLimit", kMostProcesses},
                    {"SecurityOpt", Json::array({"no-new-privileges"})},
                    {"RestartPolicy", {{"Name", "no"}}},
                    {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "1m"}}}}}}}},
                 "Creating a container to try the dump in");
    note_.set({{"until", 0}});
    engine_.post("/containers/" + name_ + "/start", Json::object(),
                 "Starting a container to try the dump in");
    step_.info("A server to try the dump in starts in the container " + name_);
}

void ThrowawayServer::awaitServer() {
    std::string obstacle;
    for (const auto until = std::chrono::steady_clock::now() + kMostStart;;) {
        const auto container = findContainer(engine_, name_);
        if (!container)
            throw Failure("Somebody removed the container that the dump was tried in");
        if (!container->running)
            throw Failure("The server that the dump was to be tried in ended: " +
                              lastWords(step_, engine_, container->id),
                          "It was started from the image alone, without options and files of the container "
                          "that was dumped");
        try {
            if (!database_)
                database_.emplace(step_, engine_, *container, product_);
            if (database_->answers())
                return;
        } catch (const Failure& failure) { // also of a container that ends just now, which is told above
            if (step_.stopped())
                throw;
            obstacle = failure.what();
        }
        if (step_.stopped())
            throw Failure("The trial was ended before it was done");
        if (std::chrono::steady_clock::now() > until)
            throw Failure("The server that the dump was to be tried in takes no queries at 127.0.0.1: " +
                              (obstacle.empty() ? lastWords(step_, engine_, container->id) : obstacle),
                          "The image has to set up its server by the variables that the official ones have");
        step_.progress(0);
        std::this_thread::sleep_for(500ms);
    }
}

void ThrowawayServer::remove() noexcept {
    try {
        removeThrowaway(step_, engine_, note_);
    } catch (const std::exception& error) {
        step_.warn(error.what());
    }
}

void removeThrowaway(const Step& step, const Engine& engine, Note& note) {
    const auto name = note.content().value("name", std::string());
    auto container = findContainer(engine, name);
    // The engine may still be making it for a step that was ended.
    while (!container && now() <= note.content().value("until", std::int64_t(0))) {
        std::this_thread::sleep_for(200ms);
        step.progress(0);
        container = findContainer(engine, name);
    }
    const auto* mark = container ? container->label(note.content().value("label", std::string())) : nullptr;
    if (mark != nullptr && *mark == note.content().value("token", std::string())) {
        // With the volumes that its image asked for.
        const auto answer = engine.call("DELETE", "/containers/" + container->id + "?force=true&v=true",
                                        std::nullopt, std::chrono::minutes(5));
        if (!answer.ok() && answer.status != 404)
            throw Failure("The container " + name +
                              ", in which a dump was tried, could not be removed: " + answer.message(),
                          "Remove it by hand: docker rm --force --volumes " + name);
    }
    note.remove();
}

} // namespace docker
