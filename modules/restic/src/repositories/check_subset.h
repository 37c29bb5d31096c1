#pragma once

#include <optional>
#include <string>

namespace restic {

/// How much of the data a check by schedule reads: "n/t" a part of t by turns, beginning with the n-th; "x%"
/// so much of it, by chance; "" nothing, only the structure is checked.
struct CheckSubset {
    struct Turns {
        int first = 1;
        int parts = 1;
    };
    /// Of "n/t"; nullopt for the others.
    static std::optional<Turns> turns(const std::string& text);
    /// What is wrong with such a text; nullopt if nothing.
    static std::optional<std::string> problemOf(const std::string& text);
    /// The parameters of the check whose turn that part is.
    static std::optional<std::string> argument(const std::string& text, int nextPart);
    /// The part behind that one.
    static int following(int part, int parts) { return part % parts + 1; }
};

} // namespace restic
