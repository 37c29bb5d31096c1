#include "row_counter.h"

#include <algorithm>

namespace mysql {
namespace {
constexpr std::string_view kInsert = "INSERT INTO `";
constexpr std::string_view kCreate = "CREATE TABLE `";
constexpr std::string_view kDelimiter = "DELIMITER ";
constexpr std::string_view kComment = "--";
constexpr std::string_view kValues = "VALUES";

bool begins(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}
} // namespace

std::size_t RowCounter::plain(std::string_view left) const {
    if (at_ != At::quote || escaped_)
        return 0;
    // Most of a dump is the inside of texts: it is jumped over.
    std::size_t end = 0;
    while (end < left.size() && left[end] != quote_ && left[end] != '\\')
        ++end;
    return end;
}

void RowCounter::read(std::string_view piece) {
    while (!piece.empty()) {
        if (const auto skipped = plain(piece); skipped > 0) {
            last_ = piece[skipped - 1];
            piece.remove_prefix(skipped);
            continue;
        }
        take(piece.front());
        last_ = piece.front();
        piece.remove_prefix(1);
    }
}

void RowCounter::endStatement() {
    at_ = At::start;
    depth_ = 0;
    commentEnded_ = false;
    word_.clear();
    count_ = nullptr;
}

void RowCounter::startWord(char sign) {
    word_ += sign;
    if (word_ == kInsert || word_ == kCreate) {
        at_ = At::name;
        name_.clear();
        closing_ = false;
    } else if (word_ == kDelimiter) {
        at_ = At::delimiter;
        word_.clear();
    } else if (word_ == kComment) {
        at_ = At::lineComment;
        word_.clear();
    } else if (!begins(kInsert, word_) && !begins(kCreate, word_) && !begins(kDelimiter, word_) &&
               !begins(kComment, word_)) {
        at_ = At::other;
        // The signs that were held may open a quote, or end the statement.
        const auto held = std::move(word_);
        word_.clear();
        last_ = '\n';
        for (const char one : held) {
            take(one);
            last_ = one;
        }
    }
}

void RowCounter::take(char sign) {
    switch (at_) {
    case At::start:
        if (sign == ' ' || sign == '\n' || sign == '\r' || sign == '\t' || sign == ';')
            return;
        at_ = At::word;
        startWord(sign);
        return;
    case At::word:
        startWord(sign);
        return;
    case At::name:
        if (sign == '`' && !closing_) {
            closing_ = true;
        } else if (sign == '`') {
            closing_ = false;
            name_ += sign;
        } else if (closing_) {
            count_ = &rows_[name_];
            at_ = word_ == kCreate ? At::other : At::columns;
            word_.clear();
            take(sign);
        } else {
            name_ += sign;
        }
        return;
    case At::quote:
        if (escaped_)
            escaped_ = false;
        else if (sign == '\\' && quote_ != '`')
            escaped_ = true;
        else if (sign == quote_)
            at_ = after_;
        return;
    case At::lineComment:
        if (sign == '\n')
            at_ = At::start;
        return;
    case At::delimiter:
        if (sign == '\n') {
            const bool plainAgain = word_ == ";" || word_ == ";\r";
            at_ = plainAgain ? At::start : At::body;
            word_.clear();
        } else {
            word_ += sign;
        }
        return;
    case At::body:
        // Only the line that ends it is of interest.
        if (sign == '\n') {
            if (begins(word_, kDelimiter)) {
                const auto wanted = word_.substr(kDelimiter.size());
                if (wanted == ";" || wanted == ";\r")
                    at_ = At::start;
            }
            word_.clear();
        } else if (word_.size() <= kDelimiter.size() + 8) {
            word_ += sign;
        }
        return;
    case At::columns:
    case At::values:
    case At::other:
        break;
    }
    // A comment that the server may execute ends a line without a semicolon, as "enable the sandbox mode"
    // does.
    if (at_ == At::other) {
        if (sign == '\n' && commentEnded_) {
            endStatement();
            return;
        }
        commentEnded_ = (sign == '/' && last_ == '*') || (commentEnded_ && (sign == ' ' || sign == '\r'));
    }
    if (sign == '\'' || sign == '"' || sign == '`') {
        quote_ = sign;
        after_ = at_;
        at_ = At::quote;
        escaped_ = false;
    } else if (sign == ';' && (at_ != At::values || depth_ == 0)) {
        endStatement();
    } else if (at_ == At::columns) {
        word_ += sign;
        if (word_.size() >= kValues.size() &&
            word_.compare(word_.size() - kValues.size(), kValues.size(), kValues) == 0)
            at_ = At::values;
        if (word_.size() > 64)
            word_.erase(0, 32);
    } else if (sign == '(') {
        if (at_ == At::values && depth_ == 0)
            ++*count_;
        ++depth_;
    } else if (sign == ')') {
        --depth_;
    }
}

std::vector<RowDifference> differences(const std::map<std::string, std::uint64_t>& expected,
                                       const std::map<std::string, std::uint64_t>& found) {
    std::vector<RowDifference> out;
    for (const auto& [table, rows] : expected) {
        const auto is = found.find(table);
        if (is == found.end())
            out.push_back({table, rows, 0, true});
        else if (is->second != rows)
            out.push_back({table, rows, is->second, false});
    }
    for (const auto& [table, rows] : found)
        if (!expected.contains(table))
            out.push_back({table, 0, rows, false});
    return out;
}

} // namespace mysql
