#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/plugin_step.h"

namespace docker {

/// The API of a Docker engine at its socket. Calls that fail throw Failure in the engine's own words.
class Engine {
public:
    using Json = agent::plugin::Json;
    /// Looks for the engine and asks which version it is. `alive`: called about once a second while a call
    /// takes long; may be absent.
    explicit Engine(std::string socket, std::function<void()> alive = {});

    struct Answer {
        long status = 0;
        std::string body;

        [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
        /// What the engine says about a failure.
        [[nodiscard]] std::string message() const;
        /// Failure if it is none.
        [[nodiscard]] Json json() const;
    };
    /// Any status. Throws if there is no answer in time.
    [[nodiscard]] Answer call(const std::string& method, const std::string& path,
                              const std::optional<Json>& body = std::nullopt,
                              std::chrono::seconds timeout = std::chrono::seconds(60)) const;
    [[nodiscard]] Json get(const std::string& path) const;
    /// nullopt: there is no such thing (404).
    [[nodiscard]] std::optional<Json> find(const std::string& path) const;
    /// `doing`: what it is for, as the beginning of a sentence.
    Json post(const std::string& path, const Json& body, const std::string& doing) const;
    /// Gives what comes to `sink`, until it returns false; ends when `stopped` says so. Failure if it does
    /// not come to its end.
    void download(const std::string& path, const std::function<bool(std::string_view)>& sink,
                  const std::function<bool()>& stopped) const;

    /// A name as a part of a path.
    [[nodiscard]] static std::string escaped(const std::string& name);
    /// The path with the version of the API that is spoken.
    [[nodiscard]] std::string path(const std::string& rest) const { return prefix_ + rest; }
    [[nodiscard]] const std::string& socket() const noexcept { return socket_; }
    [[nodiscard]] const std::string& version() const noexcept { return version_; }

private:
    std::string socket_;
    std::function<void()> alive_;
    std::string prefix_;
    std::string version_;
};

} // namespace docker
