#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// SQL as pg_dump and pg_dumpall write it, cut into words and statements; nothing more is understood of it.
namespace postgres {

struct SqlToken {
    enum class Kind {
        word,      ///< a key word or a name without quotes
        quoted,    ///< a name in quotes; text without them
        string,    ///< a string constant, in any of its forms
        symbol,    ///< one other sign
        backslash, ///< begins a command of psql
    };
    Kind kind;
    std::string text;
    std::size_t begin;
    std::size_t end;

    [[nodiscard]] bool isWord(std::string_view word) const { return kind == Kind::word && text == word; }
    [[nodiscard]] bool isSymbol(char sign) const { return kind == Kind::symbol && text[0] == sign; }
    [[nodiscard]] bool isName() const { return kind == Kind::word || kind == Kind::quoted; }
};

/// Comments are left out.
[[nodiscard]] std::vector<SqlToken> sqlTokens(std::string_view sql);
/// Each with its tokens, without the semicolon. Positions are those in the whole text.
[[nodiscard]] std::vector<std::vector<SqlToken>> sqlStatements(std::string_view sql);

/// The roles that statements of access control name: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, CREATE POLICY,
/// SET SESSION AUTHORIZATION, CREATE USER MAPPING.
[[nodiscard]] std::vector<std::string> rolesNamedIn(std::string_view sql);

} // namespace postgres
