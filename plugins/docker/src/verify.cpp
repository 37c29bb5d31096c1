#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "connection.h"
#include "kept_dump.h"
#include "plan.h"
#include "steps.h"
#include "tar.h"
#include "tar_listing.h"
#include "trial.h"

namespace docker {
namespace {
constexpr std::size_t kMostTables = 20000;
constexpr std::size_t kMostNamed = 5;

/// Says that the step advances: of the building of indexes nothing is heard.
class Heartbeat {
public:
    explicit Heartbeat(const Step& step)
        : thread_([&step](const std::stop_token& done) {
              std::mutex mutex;
              std::condition_variable_any changed;
              std::unique_lock lock(mutex);
              while (!changed.wait_for(lock, done, std::chrono::seconds(10),
                                       [&] { return done.stop_requested(); }))
                  step.progress(0);
          }) {}

private:
    std::jthread thread_;
};

void verifyFiles(const Step& step) {
    const auto version = tarVersion(step);
    const auto contents = listArchive(step);
    step.answer({{"tables", Json::array({{{"name", "files"}, {"rows", contents.files}},
                                         {{"name", "folders"}, {"rows", contents.folders}},
                                         {{"name", "links and others"}, {"rows", contents.others}},
                                         {{"name", "bytes"}, {"rows", contents.bytes}}})},
                 {"server", {{"product", "GNU tar"}, {"version", version}}},
                 {"warnings", Json::array()},
                 {"ok", true}});
}

bool isThere(const Engine& engine, const std::string& image) {
    return !image.empty() && engine.find("/images/" + Engine::escaped(image) + "/json").has_value();
}

/// The image whose server made the dump, or else what its container has now.
std::string imageFor(const Engine& engine, const Json& item, const std::optional<Container>& container,
                     const std::string& name) {
    std::vector<std::string> candidates{item.value("image_id", std::string())};
    if (container)
        candidates.insert(candidates.end(), {container->imageId, container->image});
    const auto named = item.value("image", std::string());
    candidates.push_back(named);
    for (const auto& image : candidates)
        if (isThere(engine, image))
            return image;
    if (named.empty())
        throw Failure("There is no container " + name +
                          " any more, and the dump does not say of which image it was",
                      "Make it again, or restore the dump into another container");
    throw Failure("The Docker engine does not have the image " + named + ", in which the dump is to be tried",
                  "docker pull " + named);
}

std::string productFor(const Json& item, const std::optional<Container>& container, const Settings& settings,
                       const std::string& name) {
    auto product = item.value("product", std::string());
    if (const auto* label = container ? container->label(settings.prefix + ".dump") : nullptr;
        product.empty() && label != nullptr)
        product = *label;
    if (!isProduct(product))
        throw Failure(
            "It is not known which server made the dump: neither the dump nor a label of a container " +
                name + " says so",
            "Give the container the label " + settings.prefix + ".dump");
    return product;
}

void verifyDatabase(const Step& step, const Settings& settings, const std::string& from) {
    const Engine engine(settings.socket, [&] { step.progress(0); });
    const Heartbeat works(step);
    const auto container = findContainer(engine, from);
    const auto product = productFor(step.item(), container, settings, from);
    const auto image = imageFor(engine, step.item(), container, from);
    const auto trial = product == "postgres" ? tryPostgres(step, engine, settings, image)
                                             : tryMysql(step, engine, settings, image, product);
    Json tables = Json::array();
    for (const auto& [table, rows] : trial.rows) {
        if (tables.size() == kMostTables)
            break;
        const auto expected = trial.expected.find(table);
        tables.push_back({{"name", table},
                          {"rows", rows},
                          {"expected", expected == trial.expected.end() ? 0 : expected->second}});
    }
    const bool ok = trial.different.empty();
    step.answer({{"tables", tables}, {"server", trial.server}, {"warnings", trial.warnings}, {"ok", ok}});
    if (ok)
        return;
    std::string text;
    for (std::size_t i = 0; i < trial.different.size() && i < kMostNamed; ++i)
        text += (i == 0 ? "" : ", ") + trial.different[i];
    if (trial.different.size() > kMostNamed)
        text += " and " + std::to_string(trial.different.size() - kMostNamed) + " more tables";
    throw Failure("The restored database does not hold what the dump does: " + text,
                  "Look at triggers and rules that change rows while they are loaded");
}

/// Only the program that wrote it knows what it is.
void verifyOutput(const Step& step) {
    std::uint64_t bytes = 0;
    std::vector<char> buffer(262144);
    for (;;) {
        const auto count = ::read(step.stream(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw Failure("The dump cannot be read to its end");
        if (count == 0)
            break;
        bytes += static_cast<std::uint64_t>(count);
        step.progress(bytes);
    }
    if (bytes == 0)
        throw Failure("The dump is empty");
    step.answer(
        {{"tables", Json::array({{{"name", "bytes"}, {"rows", bytes}}})},
         {"warnings", Json::array({"The dump was read to its end, and not tried: only the program that "
                                   "wrote it knows what it is"})},
         {"ok", true}});
}
} // namespace

void verify(Step& step) {
    withoutPipeSignal();
    const Settings settings(step);
    const auto name = step.item().value("name", std::string());
    const std::string_view database = kDatabase;
    if (name.starts_with(kVolume) || name.starts_with(kFolder))
        verifyFiles(step);
    else if (name.starts_with(database))
        verifyDatabase(step, settings, name.substr(database.size(), name.find('/') - database.size()));
    else
        verifyOutput(step);
}

} // namespace docker
