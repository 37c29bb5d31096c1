#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "core/json.h"
#include "restic/cli/work.h"
#include "restic/protocol/result_items.h"

namespace agent {

/// The items of one attempt's result: lines of a file, written while the task works, kept until the server
/// has all of them, and sent in parts when the result is known. What an earlier run of the agent wrote before
/// there was a result is written anew. Thread-safe.
class TaskItems : public restic::cli::ResultItems {
public:
    explicit TaskItems(std::filesystem::path file) : file_(std::move(file)) {}
    ~TaskItems() override;
    TaskItems(const TaskItems&) = delete;
    TaskItems& operator=(const TaskItems&) = delete;

    /// The result has items from now on, none yet. Throws errors::kState.
    void begin() override;
    /// False for an item that is too long, which is left out. Throws errors::kState.
    bool append(const core::json::Object& item) override;
    /// All of them are written and durable; how many that is. Nothing of a result without items. Throws
    /// errors::kState.
    [[nodiscard]] std::optional<restic::protocol::ResultItems> finish();
    /// There are more of them than any server takes; the rest is not kept.
    [[nodiscard]] bool tooMany() const;

    /// The next whole lines, at most so many; empty at the end of the file.
    [[nodiscard]] restic::protocol::ResultPart part(std::size_t most);
    /// Goes to the line behind that number, whether it was sent or not. False if there are not so many.
    bool goBehind(std::int64_t item);
    /// The number of the last line before the next part.
    [[nodiscard]] std::int64_t sent() const;

private:
    void write(std::string_view text);
    /// Reads lines from the present place on: each that `take` wants, which is behind it then.
    template <typename Take>
    void read(Take&& take);

    std::filesystem::path file_;
    mutable std::mutex mutex_;
    int fd_ = -1; ///< while it is written
    std::string unwritten_;
    std::optional<restic::protocol::ResultItems> written_;
    bool tooMany_ = false;
    /// Where the next part begins.
    std::int64_t sent_ = 0;
    std::uint64_t offset_ = 0;
};

} // namespace agent
