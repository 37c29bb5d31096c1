#include "exec.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "connection.h"

namespace docker {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
using namespace std::chrono_literals;

constexpr std::size_t kTail = 16384;
constexpr std::size_t kInputTail = 256;
constexpr std::size_t kMostHead = 65536;
constexpr std::size_t kMostText = 16U << 20U;
constexpr std::size_t kPiece = 262144;
constexpr std::size_t kFrameHeader = 8;

std::string create(const Engine& engine, const std::string& container, const ExecCommand& command,
                   bool withInput) {
    const auto answer = engine.post("/containers/" + Engine::escaped(container) + "/exec",
                                    {{"AttachStdin", withInput},
                                     {"AttachStdout", true},
                                     {"AttachStderr", true},
                                     {"Tty", false},
                                     {"Cmd", command.arguments},
                                     {"Env", command.environment}},
                                    "Running " + command.arguments.front() + " in the container");
    return answer.value("Id", std::string());
}

/// Reads a bit; 0: nothing within a moment, -1: the end.
std::ptrdiff_t readSome(int fd, std::vector<char>& buffer) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, 200) <= 0)
        return 0;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return count <= 0 ? -1 : count;
}

/// Starts it over a connection that becomes its standard streams. Returns what came after the answer's head.
std::string begin(const Engine& engine, const Descriptor& socket, const std::string& exec,
                  const std::string& program) {
    const auto body = Json{{"Detach", false}, {"Tty", false}}.dump();
    const auto request = "POST " + engine.path("/exec/" + exec + "/start") +
                         " HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
                         "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body;
    std::string text;
    std::vector<char> buffer(4096);
    const auto until = std::chrono::steady_clock::now() + 60s;
    bool open = sendAll(socket.fd(), request);
    auto head = std::string::npos;
    while (open && (head = text.find("\r\n\r\n")) == std::string::npos) {
        const auto count = readSome(socket.fd(), buffer);
        if (count > 0)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        open = count >= 0 && text.size() < kMostHead && std::chrono::steady_clock::now() < until;
    }
    if (head == std::string::npos)
        throw Failure("The Docker engine did not start " + program + " in the container",
                      "Look at its log: journalctl -u docker");
    const auto status = text.size() > 12 ? text.substr(9, 3) : std::string();
    auto rest = text.substr(head + 4);
    if (status == "101" || status == "200")
        return rest;
    if (const auto brace = rest.find('{'); brace != std::string::npos)
        rest = rest.substr(brace, rest.rfind('}') - brace + 1);
    throw Failure(program + " could not be started in the container: " +
                  Engine::Answer{std::atol(status.c_str()), rest}.message());
}

/// Gives a descriptor's content to the program, on a thread of its own. What it does not take is read too:
/// whoever writes it should not fail for that.
class Feeder {
public:
    Feeder(const Step& step, int from, int socket)
        : step_(step), from_(from), socket_(socket), thread_([this] { run(); }) {}
    ~Feeder() { (void)finish(); }
    /// The end of what there was.
    std::string finish() {
        ended_ = true;
        ::shutdown(socket_, SHUT_RDWR); // ends a send() that nobody reads
        if (thread_.joinable())
            thread_.join();
        return tail_;
    }
    Feeder(const Feeder&) = delete;
    Feeder& operator=(const Feeder&) = delete;

private:
    void run() {
        std::vector<char> buffer(kPiece);
        std::uint64_t bytes = 0;
        auto told = std::chrono::steady_clock::now();
        while (!step_.stopped()) {
            const auto count = readSome(from_, buffer);
            if (count < 0)
                break;
            bytes += static_cast<std::uint64_t>(count);
            tail_.append(buffer.data(), static_cast<std::size_t>(count));
            tail_.erase(0, tail_.size() - std::min(tail_.size(), kInputTail));
            if (!refused_ && !ended_)
                refused_ = !sendAll(socket_, {buffer.data(), static_cast<std::size_t>(count)});
            if (const auto now = std::chrono::steady_clock::now(); count > 0 && now - told > 1s) {
                told = now;
                step_.progress(bytes);
            }
        }
        if (!step_.stopped() && !refused_ && !ended_)
            ::shutdown(socket_, SHUT_WR); // the end of its input
    }

    const Step& step_;
    int from_;
    int socket_;
    std::atomic<bool> ended_{false};
    bool refused_ = false;
    std::string tail_;
    std::thread thread_;
};

/// Ends a program that the engine runs in a container, which its API cannot: by its process, where that is
/// one of this machine.
void endProgram(const Engine& engine, const std::string& exec, const std::string& container) {
    try {
        const auto state = engine.find("/exec/" + exec + "/json");
        const auto pid = state ? state->value("Pid", 0) : 0;
        if (pid <= 1 || !state->value("Running", false))
            return;
        std::ostringstream groups;
        groups << std::ifstream("/proc/" + std::to_string(pid) + "/cgroup").rdbuf();
        if (groups.str().find(container) != std::string::npos)
            ::kill(pid, SIGTERM);
    } catch (const Failure&) { // it ends when its output is closed
    }
}

int exitCodeOf(const Engine& engine, const std::string& exec, const std::string& program) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (;;) {
        const auto state = engine.find("/exec/" + exec + "/json");
        if (!state)
            throw Failure("The container ended while " + program + " ran in it");
        const auto code = state->find("ExitCode");
        if (!state->value("Running", true) && code != state->end() && code->is_number_integer())
            return code->get<int>();
        if (std::chrono::steady_clock::now() > until)
            throw Failure("The output of " + program + " was cut off: it still runs in the container",
                          "Look at the engine's log: journalctl -u docker");
        std::this_thread::sleep_for(50ms);
    }
}
} // namespace

std::string ExecEnd::describe() const {
    std::string text = exitCode > 128 && exitCode < 160
                           ? "was ended by signal " + std::to_string(exitCode - 128)
                           : "ended with exit code " + std::to_string(exitCode);
    const auto end = error.find_last_not_of(" \r\n\t");
    if (end == std::string::npos)
        return text;
    auto begin = error.rfind('\n', end);
    begin = begin == std::string::npos ? 0 : begin + 1;
    return text + ": " + error.substr(begin, end - begin + 1);
}

bool Frames::read(std::string_view piece) {
    while (!piece.empty()) {
        if (left_ == 0) {
            const auto count = std::min(kFrameHeader - header_.size(), piece.size());
            header_ += piece.substr(0, count);
            piece.remove_prefix(count);
            if (header_.size() < kFrameHeader)
                return true;
            kind_ = header_[0];
            if (kind_ < 0 || kind_ > 2 || header_[1] != 0 || header_[2] != 0 || header_[3] != 0)
                return false;
            for (std::size_t i = 4; i < kFrameHeader; ++i)
                left_ = left_ << 8U | static_cast<unsigned char>(header_[i]);
            header_.clear();
            continue;
        }
        const auto text = piece.substr(0, left_);
        (kind_ == 2 ? error_ : output_)(text);
        left_ -= static_cast<std::uint32_t>(text.size());
        piece.remove_prefix(text.size());
    }
    return true;
}

ExecEnd runInside(const Step& step, const Engine& engine, const std::string& container,
                  const ExecCommand& command, const std::function<void(std::string_view)>& sink, int input) {
    const auto& program = command.arguments.front();
    const auto exec = create(engine, container, command, input >= 0);
    const auto socket = connectTo(engine.socket());
    ExecEnd end;
    bool sane = true;
    Frames frames(
        [&](std::string_view text) {
            end.bytes += text.size();
            sink(text);
        },
        [&](std::string_view text) {
            end.error += text;
            if (end.error.size() > 2 * kTail)
                end.error.erase(0, end.error.size() - kTail);
        });
    try {
        sane = frames.read(begin(engine, socket, exec, program));
        std::optional<Feeder> feeder;
        if (input >= 0)
            feeder.emplace(step, input, socket.fd());
        std::vector<char> buffer(kPiece);
        while (sane) {
            if (step.stopped())
                throw Failure(program + " was ended before it was done");
            const auto count = readSome(socket.fd(), buffer);
            if (count < 0)
                break;
            sane = frames.read({buffer.data(), static_cast<std::size_t>(count)});
        }
        if (feeder)
            end.inputTail = feeder->finish();
    } catch (...) {
        endProgram(engine, exec, container);
        throw;
    }
    if (!sane || !frames.whole())
        throw Failure("The output of " + program + " in the container was cut off",
                      "Look at the engine's log: journalctl -u docker");
    end.exitCode = exitCodeOf(engine, exec, program);
    if (end.error.size() > kTail)
        end.error.erase(0, end.error.size() - kTail);
    return end;
}

ExecText askInside(const Step& step, const Engine& engine, const std::string& container,
                   const ExecCommand& command, const std::string& input) {
    Descriptor text;
    if (!input.empty()) {
        text = Descriptor(::memfd_create("input", MFD_CLOEXEC));
        if (text.fd() < 0 || !writeAll(text.fd(), input) || ::lseek(text.fd(), 0, SEEK_SET) != 0)
            throw Failure("There is no memory for the input of " + command.arguments.front());
    }
    ExecText out;
    out.end = runInside(
        step, engine, container, command,
        [&](std::string_view piece) {
            if (out.output.size() < kMostText)
                out.output += piece;
        },
        text.fd());
    return out;
}

} // namespace docker
