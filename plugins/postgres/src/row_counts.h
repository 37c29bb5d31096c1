#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postgres {

/// Rows by table, under the name that SQL has for it, quoted where needed.
using RowCounts = std::map<std::string, std::uint64_t>;

/// Counts rows in what pg_restore --data-only writes, as it comes.
class CopyCounter {
public:
    void take(std::string_view bytes);
    [[nodiscard]] const RowCounts& counts() const noexcept { return counts_; }
    /// Whether the text ends within a table.
    [[nodiscard]] bool unfinished() const noexcept { return table_ != nullptr; }

private:
    void line();
    void copyStatement();

    std::string line_;
    std::uint64_t* table_ = nullptr;
    RowCounts counts_;
};

struct RowDifference {
    std::string table;
    std::uint64_t rows;
    std::uint64_t expected;
};
/// Tables that do not hold what the dump does. A table that one side lacks counts as empty there.
[[nodiscard]] std::vector<RowDifference> differences(const RowCounts& rows, const RowCounts& expected);

} // namespace postgres
