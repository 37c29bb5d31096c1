#include "agent/plugin_step.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "database.h"

/// SQLite databases: each is copied by the backup API, so that the copy is of one moment, and the copy is the
/// dump.
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
using agent::plugin::stepOf;

Json server() {
    return {{"label", "files"}, {"product", "SQLite"}, {"version", sqlite3_libversion()}};
}

void probe(Step& step) {
    Json items = Json::array();
    Json problems = Json::array();
    for (const auto& file : step.texts("databases")) {
        std::error_code code;
        const auto bytes = std::filesystem::file_size(file, code);
        items.push_back({{"name", file}, {"extension", "db"}, {"bytes", code ? 0 : bytes}});
        if (code)
            problems.push_back({{"message", file + ": " + code.message()}, {"item", file}});
    }
    step.answer({{"server", server()}, {"items", items}, {"problems", problems}});
}

void send(const Step& step, const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0)
        for (std::streamsize done = 0; done < in.gcount();) {
            const auto count =
                ::write(step.stream(), buffer.data() + done, static_cast<std::size_t>(in.gcount() - done));
            if (count <= 0)
                throw Failure("The dump cannot be written");
            done += count;
        }
}

/// The dump as a file of its own.
std::string received(const Step& step) {
    const auto file = step.workFolder() + "/received.db";
    std::ofstream out(file, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    ssize_t count = 0;
    while ((count = ::read(step.stream(), buffer.data(), buffer.size())) > 0)
        out.write(buffer.data(), count);
    out.flush();
    if (count < 0 || !out)
        throw Failure("The dump cannot be read", "Check the free space of the agent's state folder");
    return file;
}

void dump(Step& step) {
    const auto copy = step.workFolder() + "/copy.db";
    {
        const Database from(step.item().at("name").get<std::string>(), Database::Mode::read);
        Database to(copy, Database::Mode::create);
        from.copyTo(to);
    }
    send(step, copy);
    step.answer({{"tool", {{"name", "SQLite"}, {"version", sqlite3_libversion()}}}});
}

void restore(Step& step) {
    const auto target = step.options().at("database").get<std::string>();
    if (!target.starts_with('/'))
        throw Failure("A SQLite database is restored to an absolute path, not to " + target);
    if (std::filesystem::exists(target) && !step.options().value("replace", false))
        throw Failure(target + " exists", "Name another path, or say that it may be replaced");
    const auto file = received(step);
    const Database from(file, Database::Mode::read);
    if (const auto problem = from.problem(); !problem.empty())
        throw Failure("The dump is damaged: " + problem);
    Database to(target, Database::Mode::create);
    from.copyTo(to);
    step.answer({{"server", server()}});
}

void verify(Step& step) {
    const Database database(received(step), Database::Mode::read);
    if (const auto problem = database.problem(); !problem.empty())
        throw Failure("The dump is damaged: " + problem);
    Json tables = Json::array();
    for (const auto& [name, rows] : database.rows())
        tables.push_back({{"name", name}, {"rows", rows}});
    step.answer({{"server", server()}, {"tables", tables}});
}
} // namespace

AGENT_PLUGIN_EXTERN const agent_plugin* agent_plugin_v1() {
    static const agent_plugin plugin{sizeof(agent_plugin), AGENT_PLUGIN_ABI, AE_PLUGIN_NAME,
                                     AE_PLUGIN_VERSION,    nullptr,          stepOf<probe>,
                                     stepOf<dump>,         nullptr,          nullptr,
                                     stepOf<restore>,      stepOf<verify>};
    return &plugin;
}
