#include "connection.h"
#include "databases.h"
#include "dump.h"

namespace docker {
namespace {
constexpr std::size_t kHead = 5;
constexpr std::size_t kTail = 256;
constexpr std::string_view kArchive = "PGDMP";

/// What passed to the stream.
struct Passed {
    ExecEnd end;
    std::string head;
    std::string tail;
};

Passed pass(const Step& step, const Engine& engine, const Item& item, const ExecCommand& command) {
    Passed out;
    std::uint64_t bytes = 0;
    auto told = std::chrono::steady_clock::now();
    out.end = runInside(step, engine, item.container->id, command, [&](std::string_view piece) {
        if (!writeAll(step.stream(), piece))
            throw Failure("The dump cannot be written any further");
        bytes += piece.size();
        if (out.head.size() < kHead)
            out.head += piece.substr(0, kHead - out.head.size());
        out.tail += piece.size() > kTail ? piece.substr(piece.size() - kTail) : piece;
        if (out.tail.size() > kTail)
            out.tail.erase(0, out.tail.size() - kTail);
        if (const auto now = std::chrono::steady_clock::now(); now - told > std::chrono::seconds(1)) {
            told = now;
            step.progress(bytes);
        }
    });
    if (!out.end.ok())
        throw Failure(command.arguments.front() + " in the container " + item.container->name + " " +
                          out.end.describe(),
                      out.end.missing() ? "The program has to be in the container's image" : "");
    return out;
}

std::vector<std::string> warningsOf(const ExecEnd& end) {
    const auto last = end.error.find_last_not_of(" \r\n\t");
    return last == std::string::npos ? std::vector<std::string>()
                                     : std::vector{end.error.substr(0, last + 1)};
}
} // namespace

void dumpDatabase(const Step& step, const Engine& engine, const Item& item) {
    const Database database(step, engine, *item.container, item.product);
    const auto dumper = database.dumper(item.target);
    const auto passed = pass(step, engine, item, dumper.command);
    const bool whole =
        database.isPostgres() ? passed.head == kArchive : passed.tail.find(kCompleted) != std::string::npos;
    if (!whole)
        throw Failure("The dump of the database " + item.target + " in the container " +
                          item.container->name + " is not whole: " +
                          (database.isPostgres() ? "it does not begin as one" : "its last line is missing"),
                      "Something else may write to the output of " + dumper.name);
    step.answer({{"tool", {{"name", dumper.name}, {"version", dumper.version}}},
                 {"warnings", warningsOf(passed.end)}});
}

void dumpOutput(const Step& step, const Engine& engine, const Item& item) {
    const auto passed = pass(step, engine, item, {item.program});
    step.answer(
        {{"tool", {{"name", item.program.front()}, {"version", ""}}}, {"warnings", warningsOf(passed.end)}});
}

} // namespace docker
