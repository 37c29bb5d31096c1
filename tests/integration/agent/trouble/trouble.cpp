#include "agent/plugin_step.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

/// A plugin that does what its settings say, also what no plugin should.
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
using agent::plugin::stepOf;

void trace(const Step& step, const std::string& what) {
    std::ofstream(step.stateFolder() + "/trace", std::ios::app) << what << '\n';
}

[[noreturn]] void hang() {
    for (;;)
        ::pause();
}

/// The item again and again, so that it can be told from any other. Of files each call makes one more.
void write(const Step& step, const std::string& name, long bytes) {
    if (!step.folder().empty()) {
        static int part = 0;
        std::ofstream out(step.folder() + "/part [" + std::to_string(++part) + "]", std::ios::binary);
        for (long done = 0; done < bytes; done += static_cast<long>(name.size()) + 1)
            out << name << "\n";
        if (!out.flush())
            throw Failure("The dump cannot be written");
        return;
    }
    std::string block;
    while (block.size() < 4096)
        block += name + "\n";
    for (long done = 0; done < bytes;) {
        const auto part = std::min<long>(static_cast<long>(block.size()), bytes - done);
        const auto count = ::write(step.stream(), block.data(), static_cast<std::size_t>(part));
        if (count <= 0)
            throw Failure("The dump cannot be written");
        done += count;
    }
}

void misbehave(Step& step, const std::string& how) {
    if (how == "fail")
        throw Failure("The server went away", "Start it again");
    if (how == "throw")
        throw std::runtime_error("something that nobody caught");
    if (how == "crash")
        std::abort();
    if (how == "kill")
        ::kill(::getpid(), SIGKILL);
    if (how == "exit")
        ::_exit(0);
    if (how == "hang")
        hang();
    if (how == "sleep") {
        const auto end = step.run({.arguments = {"sleep", "1000"}});
        throw Failure("sleep " + end.describe());
    }
    if (how == "flood")
        for (int i = 0; i < 200000; ++i) {
            step.info("line " + std::to_string(i));
            std::fprintf(stderr, "and more of it\n");
            std::printf("and more of it\n");
        }
    if (how == "memory") {
        std::vector<std::vector<char>> all;
        for (;;)
            all.emplace_back(64 << 20, 'x');
    }
    if (how == "environ") {
        std::string names;
        for (char** entry = environ; *entry != nullptr; ++entry)
            names += std::string(*entry, std::string_view(*entry).find('=')) + " ";
        throw Failure("It has " + names);
    }
    if (how == "leak")
        throw Failure("login failed with password " + step.text("password"));
    if (how == "slow")
        for (int i = 0; i < 600 && !step.stopped();
             ++i) { // a minute: longer than whatever it is held against
            write(step, "slow", 20000);
            ::usleep(100000);
        }
}

void probe(Step& step) {
    trace(step, "probe");
    const auto how = step.text("probe");
    if (how != "good" && how != "nothing")
        misbehave(step, how);
    Json items = Json::array();
    if (how == "good")
        for (const auto& name : step.texts("items"))
            items.push_back(
                {{"name", name},
                 {"kind", step.text("kind")},
                 {"extension", "txt"},
                 {"bytes", step.settings().at("tells").get<bool>() ? step.settings().at("bytes") : Json(0)}});
    step.answer({{"server", {{"label", step.text("host")}, {"product", "Trouble"}, {"version", "7"}}},
                 {"tools", Json::array({{{"name", "troubledump"}, {"version", "7.1"}}})},
                 {"items", items}});
}

void dump(Step& step) {
    const auto name = step.item().at("name").get<std::string>();
    trace(step, "dump " + name);
    const auto bytes = step.settings().at("bytes").get<long>();
    const auto broken = step.text("broken");
    const auto how = broken.empty() || broken == name ? step.text("dump") : std::string("good");
    if (how != "good") {
        write(step, name, bytes / 2);
        misbehave(step, how);
        write(step, name, bytes - bytes / 2);
    } else {
        write(step, name, bytes);
    }
    step.answer({{"tool", {{"name", "troubledump"}, {"version", "7.1"}}}});
}

void after(Step& step) {
    trace(step, "after " + step.outcome());
}

void cleanup(Step& step) {
    trace(step, "cleanup");
    if (step.text("cleanup") == "fail")
        throw Failure("The container does not start again", "Start it by hand");
}

void restore(Step& step) {
    std::ofstream out(step.options().at("database").get<std::string>(), std::ios::binary);
    if (!step.folder().empty()) {
        std::set<std::filesystem::path> parts;
        for (const auto& entry : std::filesystem::directory_iterator(step.folder()))
            parts.insert(entry.path());
        for (const auto& part : parts)
            out << std::ifstream(part, std::ios::binary).rdbuf();
        trace(step, "restore " + step.item().at("name").get<std::string>());
        return;
    }
    std::vector<char> buffer(65536);
    for (;;) {
        const auto count = ::read(step.stream(), buffer.data(), buffer.size());
        if (count <= 0)
            break;
        out.write(buffer.data(), count);
    }
    trace(step, "restore " + step.item().at("name").get<std::string>());
}
} // namespace

AGENT_PLUGIN_EXTERN const agent_plugin* agent_plugin_v1() {
    static const agent_plugin plugin{
        sizeof(agent_plugin), AGENT_PLUGIN_ABI, "trouble",       "1.2.3",         nullptr, stepOf<probe>,
        stepOf<dump>,         stepOf<after>,    stepOf<cleanup>, stepOf<restore>, nullptr};
    return &plugin;
}
