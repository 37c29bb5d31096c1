#include "row_counts.h"

#include <algorithm>

namespace postgres {
namespace {
constexpr std::string_view kCopy = "COPY ";
constexpr std::string_view kFromStdin = " FROM stdin;";

/// The end of "schema.table" at the beginning, behind the quotes that belong to it.
std::size_t endOfName(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == ' ')
            return i;
    }
    return text.size();
}
} // namespace

void CopyCounter::take(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        // Of a row only its beginning is needed.
        if (table_ == nullptr || line_.size() < 3)
            line_ += bytes.substr(0, end);
        if (end == std::string_view::npos)
            return;
        line();
        bytes.remove_prefix(end + 1);
    }
}

void CopyCounter::line() {
    if (table_ != nullptr) {
        if (line_ == "\\.")
            table_ = nullptr;
        else
            ++*table_;
        line_.clear();
    } else if (line_.starts_with(kCopy)) {
        copyStatement();
    } else {
        line_.clear();
    }
}

void CopyCounter::copyStatement() {
    // A line break in a name is within quotes: the statement goes on.
    if (std::count(line_.begin(), line_.end(), '"') % 2 != 0) {
        line_ += '\n';
        return;
    }
    const auto name = std::string_view(line_).substr(kCopy.size());
    if (line_.ends_with(kFromStdin))
        table_ = &counts_[std::string(name.substr(0, endOfName(name)))];
    line_.clear();
}

std::vector<RowDifference> differences(const RowCounts& rows, const RowCounts& expected) {
    std::vector<RowDifference> out;
    auto all = rows;
    all.insert(expected.begin(), expected.end());
    const auto of = [](const RowCounts& counts, const std::string& table) {
        const auto found = counts.find(table);
        return found == counts.end() ? 0 : found->second;
    };
    for (const auto& [table, count] : all)
        if (of(rows, table) != of(expected, table))
            out.push_back({table, of(rows, table), of(expected, table)});
    return out;
}

} // namespace postgres
