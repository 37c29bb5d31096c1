#include "load_filter.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "sql_text.h"

namespace mysql {
namespace {
/// Of a line, as much as is looked at.
constexpr std::size_t kBeginning = 4096;

bool begins(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

/// A name in backticks or quotes at `at`, which is moved behind it.
std::string nameAt(std::string_view text, std::size_t& at) {
    std::string out;
    if (at >= text.size())
        return out;
    const char quote = text[at];
    if (quote != '`' && quote != '\'' && quote != '"')
        return out;
    for (++at; at < text.size(); ++at) {
        if (text[at] == quote) {
            if (at + 1 < text.size() && text[at + 1] == quote)
                ++at;
            else
                break;
        }
        out += text[at];
    }
    ++at;
    return out;
}

/// The account in front of which `word` stands, or the role; empty if there is none.
std::string accountAfter(std::string_view line, std::string_view word) {
    for (auto at = line.rfind(word); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : line.rfind(word, at - 1)) {
        auto place = at + word.size();
        if (place >= line.size() || (line[place] != '`' && line[place] != '\''))
            continue;
        auto name = nameAt(line, place);
        if (place < line.size() && line[place] == '@') {
            ++place;
            name += "@" + nameAt(line, place);
        }
        return name;
    }
    return {};
}
} // namespace

void LoadFilter::noteDefiners(std::string_view line) {
    static constexpr std::string_view kDefiner = "DEFINER=";
    for (auto at = line.find(kDefiner); at != std::string_view::npos; at = line.find(kDefiner, at)) {
        at += kDefiner.size();
        auto place = at;
        const auto user = nameAt(line, place);
        if (place >= line.size() || line[place] != '@')
            continue;
        ++place;
        definers_.insert(user + "@" + nameAt(line, place));
    }
}

void LoadFilter::begin(std::string& line, bool whole) {
    // The program sets the collation that a trigger, routine or event was made with, and sets it back.
    static const std::regex kAlter(
        "^ALTER DATABASE `(?:[^`]|``)*` (CHARACTER SET \\w+ COLLATE \\w+ (;;?)\r?)$");
    static const std::regex kEnabled("( ON COMPLETION (?:NOT )?PRESERVE )ENABLE( |$)");
    const bool first = std::exchange(first_, false);
    if (first && changes_.withoutSandboxLine &&
        (begins(line, "/*M!999999\\-") || begins(line, "/*!999999\\-"))) {
        dropping_ = true;
        return;
    }
    if (begins(line, "DELIMITER "))
        body_ = !begins(line, "DELIMITER ;") || begins(line, "DELIMITER ;;");
    if (begins(line, "/*!500") || begins(line, "CREATE "))
        noteDefiners(line);
    std::smatch match;
    if (whole && begins(line, "ALTER DATABASE `") && std::regex_match(line, match, kAlter) &&
        (match[2].length() == 2) == body_) {
        line = "ALTER DATABASE " + match[1].str();
        return;
    }
    if (body_) {
        const bool event =
            begins(line, "/*!50106 CREATE*/") ||
            (begins(line, "CREATE DEFINER=") && line.find("` EVENT `") < line.find(" ON SCHEDULE "));
        if (changes_.eventsDisabled && event) {
            line = std::regex_replace(line, kEnabled, "$1DISABLE$2", std::regex_constants::format_first_only);
        }
        return;
    }
    if (begins(line, "USE `")) {
        std::size_t at = 4;
        used_.insert(nameAt(line, at));
        dropping_ = true;
    } else if (begins(line, "CREATE DATABASE ") || begins(line, "/*!40000 DROP DATABASE ")) {
        dropping_ = true;
    } else if (begins(line, "SET @@GLOBAL.GTID_PURGED") || begins(line, "SET @@SESSION.SQL_LOG_BIN") ||
               begins(line, "SET @MYSQLDUMP_TEMP_LOG_BIN")) {
        hadGtids_ = true;
        dropping_ = true;
        untilSemicolon_ = line.find(';') == std::string::npos;
    }
}

void LoadFilter::read(std::string_view piece) {
    while (!piece.empty()) {
        const auto newline = piece.find('\n');
        if (!inside_) {
            const auto wanted = kBeginning - line_.size();
            const auto taken = std::min(wanted, newline == std::string_view::npos ? piece.size() : newline);
            line_ += piece.substr(0, taken);
            piece.remove_prefix(taken);
            const bool whole = !piece.empty() && piece.front() == '\n';
            if (!whole && line_.size() < kBeginning)
                return;
            if (untilSemicolon_) {
                dropping_ = true;
                untilSemicolon_ = line_.find(';') == std::string::npos;
            } else {
                begin(line_, whole);
            }
            if (!dropping_)
                out_(line_);
            line_.clear();
            inside_ = true;
            continue;
        }
        const auto rest = newline == std::string_view::npos ? piece : piece.substr(0, newline + 1);
        if (!dropping_)
            out_(rest);
        piece.remove_prefix(rest.size());
        if (newline != std::string_view::npos) {
            inside_ = false;
            dropping_ = false;
        }
    }
}

void LoadFilter::finish() {
    if (!inside_ && !line_.empty()) {
        begin(line_, true);
        if (!dropping_)
            out_(line_);
    }
    line_.clear();
}

std::string withoutAccounts(std::string_view dump, const std::set<std::string>& existing,
                            std::set<std::string>& left, std::set<std::string>& created) {
    std::string out;
    for (std::size_t at = 0; at < dump.size();) {
        const auto newline = dump.find('\n', at);
        const auto line = dump.substr(at, newline == std::string_view::npos ? newline : newline - at);
        at = newline == std::string_view::npos ? dump.size() : newline + 1;
        std::string about;
        const bool creates = line.find("CREATE USER ") != std::string_view::npos ||
                             line.find("CREATE ROLE ") != std::string_view::npos;
        if (creates)
            about = line.find("EXISTS ") != std::string_view::npos ? accountAfter(line, "EXISTS ")
                    : line.find("CREATE USER ") != std::string_view::npos
                        ? accountAfter(line, "CREATE USER ")
                        : accountAfter(line, "CREATE ROLE ");
        else if (line.find("SET DEFAULT ROLE ") != std::string_view::npos)
            about = accountAfter(line, " FOR ");
        else if (line.find("ALTER USER ") != std::string_view::npos)
            about = accountAfter(line, "ALTER USER ");
        else if (line.find("GRANT ") != std::string_view::npos)
            about = accountAfter(line, " TO ");
        if (!about.empty() && existing.contains(about)) {
            left.insert(about);
            continue;
        }
        if (creates && !about.empty())
            created.insert(about);
        out += line;
        out += '\n';
    }
    return out;
}

bool endsWhole(std::string_view tail) {
    const auto end = tail.find_last_not_of(" \r\n\t");
    if (end == std::string_view::npos)
        return false;
    const auto line = tail.rfind('\n', end);
    return begins(tail.substr(line == std::string_view::npos ? 0 : line + 1), "-- Dump completed");
}

} // namespace mysql
