#pragma once

#include "plugins/docker_engine.h"

namespace test {

/// A container with a real server, of an image that is made of this machine's own programs.
class DockerServer {
public:
    /// "postgres" or "mariadb". Returns when it takes queries.
    DockerServer(DockerEngine& engine, std::string product, std::string name);

    /// What statements answer, a row in a line.
    std::string sql(const std::string& statements, const std::string& database = {}) const;

    static constexpr const char* kPassword = "s3cret word";
    static std::string imageOf(const std::string& product) { return "real-" + product + ":1"; }

private:
    [[nodiscard]] std::vector<std::string> client(const std::string& database) const;

    DockerEngine& engine_;
    std::string product_;
    std::string name_;
};

} // namespace test
