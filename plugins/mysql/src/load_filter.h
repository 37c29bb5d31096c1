#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace mysql {

/// What is changed in a dump while it is loaded.
struct LoadChanges {
    /// The client does not know the first line of newer dumps, which forbids it commands of its own.
    bool withoutSandboxLine = false;
    /// Events are created, but do not run: for a copy that nobody shall work with.
    bool eventsDisabled = false;
};

/// Passes a dump on line by line, so that it can be loaded into a database of any name: statements that lead
/// to another one are left out, and so are those that only a replica's administrator may execute.
class LoadFilter {
public:
    using Out = std::function<void(std::string_view)>;
    LoadFilter(LoadChanges changes, Out out) : changes_(changes), out_(std::move(out)) {}

    void read(std::string_view piece);
    void finish();

    /// Accounts in DEFINER clauses, as user@host.
    [[nodiscard]] const std::set<std::string>& definers() const noexcept { return definers_; }
    /// Databases that USE names.
    [[nodiscard]] const std::set<std::string>& used() const noexcept { return used_; }
    /// It sets GTIDs; that was left out.
    [[nodiscard]] bool hadGtids() const noexcept { return hadGtids_; }

private:
    void begin(std::string& line, bool whole);
    void noteDefiners(std::string_view line);

    LoadChanges changes_;
    Out out_;
    bool first_ = true;
    bool inside_ = false;   // the line's beginning was judged
    bool dropping_ = false; // the rest of the line is left out
    bool untilSemicolon_ = false;
    bool body_ = false; // between DELIMITER lines
    std::string line_;
    std::set<std::string> definers_;
    std::set<std::string> used_;
    bool hadGtids_ = false;
};

/// Passes on the accounts of a dump that are not among `existing` (user@host; a role is its name): each
/// statement on one line. `left`: those that exist and are in the dump.
[[nodiscard]] std::string withoutAccounts(std::string_view dump, const std::set<std::string>& existing,
                                          std::set<std::string>& left, std::set<std::string>& created);

/// Whether the dump's last lines say that it is whole.
[[nodiscard]] bool endsWhole(std::string_view tail);

} // namespace mysql
