#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mysql {

/// Counts the rows of a dump by reading its INSERT statements, while it passes in pieces of any size. Bodies
/// of routines and triggers, which stand between DELIMITER lines, are passed over.
class RowCounter {
public:
    void read(std::string_view piece);
    /// By table; also those without a row.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& rows() const noexcept { return rows_; }

private:
    enum class At { start, word, name, columns, values, other, quote, lineComment, delimiter, body };
    void take(char sign);
    void startWord(char sign);
    void endStatement();
    [[nodiscard]] std::size_t plain(std::string_view left) const;

    At at_ = At::start;
    At after_ = At::start; // what a quote is in
    char quote_ = 0;
    bool escaped_ = false;
    bool closing_ = false; // a backtick in a name that may be the first of two
    bool commentEnded_ = false;
    char last_ = '\n';
    int depth_ = 0;
    std::string word_; // begins a statement, or is a line of a body
    std::string name_;
    std::uint64_t* count_ = nullptr;
    std::map<std::string, std::uint64_t> rows_;
};

/// A table's rows: what the dump holds, and what a server has after it was loaded.
struct RowDifference {
    std::string table;
    std::uint64_t expected = 0;
    std::uint64_t found = 0;
    /// It is in the dump and not on the server.
    bool missing = false;
};

/// Tables whose rows are not those of the dump.
[[nodiscard]] std::vector<RowDifference> differences(const std::map<std::string, std::uint64_t>& expected,
                                                     const std::map<std::string, std::uint64_t>& found);

} // namespace mysql
