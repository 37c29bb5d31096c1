#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "import/v0_source.h"

struct sqlite3;

namespace restic {

/// The SQLite database of v0, in either of its shapes.
class V0Database final : public V0Source {
public:
    explicit V0Database(const std::filesystem::path& file);

    std::string kind() const override { return "SQLite database"; }
    std::vector<V0Row> targets() override;
    V0History snapshots(std::int64_t target) override { return history("snapshots", target, kMostSnapshots); }
    V0History checks(std::int64_t target) override { return history("health_checks", target, kMostChecks); }
    std::int64_t orphans() override;

private:
    /// What SQLite opens so that nothing is written beside the file: a name with its options.
    std::string addressToRead();
    std::vector<V0Row> query(const std::string& sql, const std::vector<std::int64_t>& numbers = {});
    [[nodiscard]] bool has(const std::string& table);
    /// Which rows of the history are whose, in a temporary table: v0 has no index of that.
    void indexHistory(const std::string& table);
    V0History history(const std::string& table, std::int64_t target, std::size_t most);
    [[noreturn]] void fail(const std::string& what) const;

    /// A folder that goes with this: what is in it may hold passwords.
    struct Folder {
        Folder() = default;
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        ~Folder();
        std::filesystem::path path; ///< empty for none
    };

    std::filesystem::path file_;
    Folder copy_;
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
    std::chrono::steady_clock::time_point deadline_;
    bool isOpen_ = false; ///< it is one of v0's, as far as could be seen
};

} // namespace restic
