#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace test {

/// Stands between a host and PostgreSQL and cuts the connection where the answer to a COMMIT should pass: the
/// change is stored, and the host does not learn it.
class PostgresProxy {
public:
    /// Listens in `folder` for what is meant for the server whose socket is in `server`.
    PostgresProxy(const std::filesystem::path& folder, const std::string& server);
    ~PostgresProxy();
    PostgresProxy(const PostgresProxy&) = delete;
    PostgresProxy& operator=(const PostgresProxy&) = delete;

    /// From now on every `every`-th answer to a COMMIT is lost; 0: none.
    void loseEvery(int every) { every_ = every; }
    [[nodiscard]] int lost() const noexcept { return lost_; }

private:
    void accept(const std::stop_token& stop);
    void pass(int client, const std::stop_token& stop);
    bool answersCommit(const char* bytes, std::size_t size);

    std::string server_;
    int listener_;
    std::atomic<int> every_{0}, seen_{0}, lost_{0};
    std::mutex mutex_;
    std::vector<std::jthread> connections_;
    std::jthread accepting_;
};

} // namespace test
