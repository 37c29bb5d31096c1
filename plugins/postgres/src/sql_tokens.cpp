#include "sql_tokens.h"

#include <algorithm>
#include <cctype>

namespace postgres {
namespace {
bool isWordSign(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x80 || std::isalnum(u) != 0 || c == '_' || c == '$';
}

/// From the opening quote on; the position behind the closing one. Doubled quotes belong to the text.
std::size_t endOfQuoted(std::string_view sql, std::size_t at, bool escapes, std::string& text) {
    const char quote = sql[at++];
    while (at < sql.size()) {
        if (escapes && sql[at] == '\\' && at + 1 < sql.size()) {
            text += sql[at + 1];
            at += 2;
        } else if (sql[at] != quote) {
            text += sql[at++];
        } else if (at + 1 < sql.size() && sql[at + 1] == quote) {
            text += quote;
            at += 2;
        } else {
            return at + 1;
        }
    }
    return at;
}

/// "$tag$": its length; 0 if there is none.
std::size_t dollarTag(std::string_view sql, std::size_t at) {
    auto end = at + 1;
    while (end < sql.size() && isWordSign(sql[end]) && sql[end] != '$')
        ++end;
    const bool digit = at + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[at + 1])) != 0;
    return end < sql.size() && sql[end] == '$' && !digit ? end + 1 - at : 0;
}

/// Behind comments of both kinds at this place; the place itself if there is none.
std::size_t behindComment(std::string_view sql, std::size_t at) {
    if (sql.substr(at, 2) == "--") {
        const auto end = sql.find('\n', at);
        return end == std::string_view::npos ? sql.size() : end;
    }
    if (sql.substr(at, 2) != "/*")
        return at;
    int depth = 0;
    while (at < sql.size()) {
        if (sql.substr(at, 2) == "/*") {
            ++depth;
            at += 2;
        } else if (sql.substr(at, 2) == "*/") {
            at += 2;
            if (--depth == 0)
                break;
        } else {
            ++at;
        }
    }
    return at;
}

using Tokens = std::vector<SqlToken>;

void addList(const Tokens& tokens, std::size_t at, std::vector<std::string>& out) {
    while (at < tokens.size() && tokens[at].isName()) {
        if (tokens[at].isWord("GROUP") && at + 1 < tokens.size() && tokens[at + 1].isName())
            ++at;
        const auto& token = tokens[at];
        const bool everybody =
            token.isWord("PUBLIC") || token.isWord("CURRENT_USER") || token.isWord("SESSION_USER");
        if (!everybody)
            out.push_back(token.text);
        if (at + 1 >= tokens.size() || !tokens[at + 1].isSymbol(','))
            return;
        at += 2;
    }
}

std::size_t findWord(const Tokens& tokens, std::string_view word, std::size_t from = 0) {
    while (from < tokens.size() && !tokens[from].isWord(word))
        ++from;
    return from;
}

void addRoles(const Tokens& tokens, std::vector<std::string>& out) {
    const auto begins = [&](std::initializer_list<std::string_view> words) {
        std::size_t at = 0;
        for (const auto& word : words)
            if (at >= tokens.size() || !tokens[at++].isWord(word))
                return false;
        return true;
    };
    if (begins({"SET", "SESSION", "AUTHORIZATION"}))
        addList(tokens, 3, out);
    else if (begins({"CREATE", "USER", "MAPPING", "FOR"}))
        addList(tokens, 4, out);
    else if (begins({"CREATE", "POLICY"}))
        // Before the expressions, which may hold anything.
        for (std::size_t at = 3;
             at < tokens.size() && !tokens[at].isWord("USING") && !tokens[at].isSymbol('('); ++at) {
            if (tokens[at].isWord("TO"))
                addList(tokens, at + 1, out);
        }
    else if (begins({"GRANT"}) || begins({"REVOKE"}) || begins({"ALTER", "DEFAULT", "PRIVILEGES"})) {
        if (tokens[0].isWord("ALTER"))
            if (const auto role = findWord(tokens, "ROLE"); role + 1 < tokens.size())
                addList(tokens, role + 1, out);
        for (auto at = tokens.size(); at-- > 1;)
            if (tokens[at].isWord("TO") || tokens[at].isWord("FROM")) {
                addList(tokens, at + 1, out);
                break;
            }
    }
}
} // namespace

std::vector<SqlToken> sqlTokens(std::string_view sql) {
    using Kind = SqlToken::Kind;
    std::vector<SqlToken> out;
    std::size_t at = 0;
    while (at < sql.size()) {
        const char c = sql[at];
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            ++at;
        } else if (const auto behind = behindComment(sql, at); behind != at) {
            at = behind;
        } else if (c == '"' || c == '\'') {
            // E'…' and U&'…': the letter before is a word that ends here.
            const bool escapes = c == '\'' && !out.empty() && out.back().end == at &&
                                 (out.back().isWord("E") || out.back().isWord("e"));
            if (escapes)
                out.pop_back();
            SqlToken token{c == '"' ? Kind::quoted : Kind::string, {}, at, 0};
            at = token.end = endOfQuoted(sql, at, escapes, token.text);
            out.push_back(std::move(token));
        } else if (const auto tag = c == '$' ? dollarTag(sql, at) : 0; tag > 0) {
            const auto close = sql.find(sql.substr(at, tag), at + tag);
            const auto end = close == std::string_view::npos ? sql.size() : close + tag;
            out.push_back({Kind::string, std::string(sql.substr(at, end - at)), at, end});
            at = end;
        } else if (isWordSign(c)) {
            auto end = at;
            while (end < sql.size() && isWordSign(sql[end]))
                ++end;
            out.push_back({Kind::word, std::string(sql.substr(at, end - at)), at, end});
            at = end;
        } else {
            out.push_back({c == '\\' ? Kind::backslash : Kind::symbol, std::string(1, c), at, at + 1});
            ++at;
        }
    }
    return out;
}

std::vector<std::vector<SqlToken>> sqlStatements(std::string_view sql) {
    std::vector<std::vector<SqlToken>> out;
    std::vector<SqlToken> current;
    for (auto& token : sqlTokens(sql)) {
        if (!token.isSymbol(';')) {
            current.push_back(std::move(token));
        } else if (!current.empty()) {
            out.push_back(std::move(current));
            current.clear();
        }
    }
    if (!current.empty())
        out.push_back(std::move(current));
    return out;
}

std::vector<std::string> rolesNamedIn(std::string_view sql) {
    std::vector<std::string> out;
    for (const auto& statement : sqlStatements(sql))
        addRoles(statement, out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

} // namespace postgres
