#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postgres {

/// One entry of an archive's table of contents.
struct ArchiveEntry {
    std::string tag;
    std::string description; ///< "TABLE", "TABLE DATA", "ACL", …
    std::string definition;
    std::string schema;
    std::string tablespace;
    std::string owner;
};

/// What an archive of pg_dump's formats custom and directory says of itself before its data.
struct Archive {
    std::string database;
    std::string serverVersion;
    std::string dumpVersion;
    std::vector<ArchiveEntry> entries;

    [[nodiscard]] const ArchiveEntry* find(std::string_view description) const;
    /// Roles that own something.
    [[nodiscard]] std::set<std::string> owners() const;
    /// Roles that have been granted something, or grant it.
    [[nodiscard]] std::set<std::string> grantees() const;
    /// Roles that row policies and user mappings name: without them the objects cannot be made at all.
    [[nodiscard]] std::set<std::string> neededRoles() const;
    [[nodiscard]] std::set<std::string> tablespaces() const;
    /// Owners of what only superusers may own.
    [[nodiscard]] std::set<std::string> superusers() const;
    /// What stands behind the name in CREATE DATABASE: template, encoding, locale. Empty if unknown.
    [[nodiscard]] std::string databaseOptions() const;
    /// Statements that set up the database itself under another name: its settings, comment and privileges.
    [[nodiscard]] std::vector<std::string> databaseStatements(const std::string& name) const;
};

/// Reads the table of contents; nullopt as long as more of the beginning is needed. Throws Failure if this is
/// no such archive, or one of a version that is not known.
[[nodiscard]] std::optional<Archive> readArchive(std::string_view beginning);

class Incoming;
/// The table of contents of the archive that comes. Throws Failure if there is no whole one.
[[nodiscard]] Archive contentsOf(Incoming& incoming);
/// The same of one in a folder.
[[nodiscard]] Archive contentsOf(const std::string& folder);

/// The major version in "15.4 (Debian 15.4-1)"; 0 if there is none.
[[nodiscard]] int majorOf(std::string_view version);

} // namespace postgres
