#include "archive.h"

#include <algorithm>
#include <charconv>

#include "agent/plugin_step.h"
#include "sql_tokens.h"

namespace postgres {
namespace {
using agent::plugin::Failure;

constexpr std::string_view kMagic = "PGDMP";
constexpr int kFormatCustom = 1;
constexpr int kFormatTar = 3; // what the toc.dat of a directory says
constexpr int kOldest = 12;   // PostgreSQL 9.0 and later write 1.12 and more
constexpr int kNewest = 16;
constexpr int kMostEntries = 50'000'000;

/// The text is at its end before the table of contents is.
struct NeedsMore {};

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    int byte() {
        if (at_ >= bytes_.size())
            throw NeedsMore{};
        return static_cast<unsigned char>(bytes_[at_++]);
    }
    void skip(std::size_t count) { (void)take(count); }
    int number() {
        const bool negative = byte() != 0;
        unsigned int value = 0;
        for (int i = 0; i < intSize_; ++i) {
            const auto part = static_cast<unsigned int>(byte());
            if (i < 4)
                value |= part << (8U * static_cast<unsigned int>(i));
        }
        return negative ? -static_cast<int>(value) : static_cast<int>(value);
    }
    std::optional<std::string> textIfAny() {
        const int length = number();
        if (length < 0)
            return std::nullopt;
        return std::string(take(static_cast<std::size_t>(length)));
    }
    std::string text() { return textIfAny().value_or(std::string()); }
    std::string_view take(std::size_t count) {
        if (bytes_.size() - at_ < count)
            throw NeedsMore{};
        const auto out = bytes_.substr(at_, count);
        at_ += count;
        return out;
    }
    void setIntSize(int size) { intSize_ = size; }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    int intSize_ = 4;
};

[[noreturn]] void noArchive() {
    throw Failure("This is no dump that pg_dump made in its format custom or directory",
                  "Choose a snapshot that this plugin made");
}

ArchiveEntry readEntry(Reader& in, int version, int format, int offsetSize) {
    ArchiveEntry entry;
    in.number(); // dump id
    in.number(); // whether there is data
    in.text();   // table oid
    in.text();   // oid
    entry.tag = in.text();
    entry.description = in.text();
    in.number(); // section
    entry.definition = in.text();
    in.text(); // drop statement
    in.text(); // copy statement
    entry.schema = in.text();
    entry.tablespace = in.text();
    if (version >= 14)
        in.text(); // access method
    if (version >= 16)
        in.number(); // kind of relation
    entry.owner = in.text();
    in.text(); // with oids
    while (in.textIfAny())
        continue; // dependencies
    if (format == kFormatCustom)
        in.skip(1 + static_cast<std::size_t>(offsetSize)); // where its data is
    else
        in.text(); // the file with its data
    return entry;
}

Archive readAll(std::string_view beginning) {
    Reader in(beginning);
    if (in.take(kMagic.size()) != kMagic)
        noArchive();
    const int major = in.byte();
    const int version = in.byte();
    in.byte(); // revision
    if (major != 1 || version < kOldest)
        noArchive();
    if (version > kNewest)
        throw Failure("The dump is of a version of pg_dump's format that this plugin does not know (1." +
                          std::to_string(version) + ")",
                      "Update the plugin, or restore with the pg_restore that belongs to the dump");
    const int intSize = in.byte();
    const int offsetSize = in.byte();
    if (intSize < 4 || intSize > 8 || offsetSize < 4 || offsetSize > 8)
        noArchive();
    const int format = in.byte();
    if (format != kFormatCustom && format != kFormatTar)
        noArchive();
    in.setIntSize(intSize);
    if (version >= 15)
        in.byte(); // compression
    else
        in.number();
    for (int i = 0; i < 7; ++i)
        in.number(); // when it was made
    Archive out;
    out.database = in.text();
    out.serverVersion = in.text();
    out.dumpVersion = in.text();
    const int count = in.number();
    if (count < 0 || count > kMostEntries)
        noArchive();
    for (int i = 0; i < count; ++i)
        out.entries.push_back(readEntry(in, version, format, offsetSize));
    return out;
}

bool isAccess(const ArchiveEntry& entry) {
    return entry.description == "ACL" || entry.description == "DEFAULT ACL";
}
} // namespace

std::optional<Archive> readArchive(std::string_view beginning) {
    if (beginning.substr(0, kMagic.size()) != kMagic.substr(0, beginning.size()))
        noArchive();
    try {
        return readAll(beginning);
    } catch (const NeedsMore&) {
        return std::nullopt;
    }
}

int majorOf(std::string_view version) {
    const auto digit = version.find_first_of("0123456789");
    int major = 0;
    if (digit != std::string_view::npos)
        std::from_chars(version.data() + digit, version.data() + version.size(), major);
    return major;
}

const ArchiveEntry* Archive::find(std::string_view description) const {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const ArchiveEntry& entry) {
        return entry.description == description;
    });
    return found == entries.end() ? nullptr : &*found;
}

std::set<std::string> Archive::owners() const {
    std::set<std::string> out;
    for (const auto& entry : entries)
        if (!entry.owner.empty() && entry.description != "DATABASE")
            out.insert(entry.owner);
    return out;
}

std::set<std::string> Archive::grantees() const {
    std::set<std::string> out;
    for (const auto& entry : entries)
        if (isAccess(entry))
            out.merge([&] {
                const auto roles = rolesNamedIn(entry.definition);
                return std::set<std::string>(roles.begin(), roles.end());
            }());
    return out;
}

std::set<std::string> Archive::neededRoles() const {
    std::set<std::string> out;
    for (const auto& entry : entries)
        if (entry.description == "POLICY" || entry.description == "USER MAPPING")
            for (auto& role : rolesNamedIn(entry.definition))
                out.insert(std::move(role));
    return out;
}

std::set<std::string> Archive::tablespaces() const {
    std::set<std::string> out;
    for (const auto& entry : entries)
        if (!entry.tablespace.empty() && entry.tablespace != "pg_default" && entry.description != "DATABASE")
            out.insert(entry.tablespace);
    return out;
}

std::set<std::string> Archive::superusers() const {
    std::set<std::string> out;
    for (const auto& entry : entries)
        if (!entry.owner.empty() &&
            (entry.description == "EVENT TRIGGER" || entry.description == "FOREIGN DATA WRAPPER"))
            out.insert(entry.owner);
    return out;
}

namespace {
/// The name in "CREATE DATABASE name …" as it stands there, and where it ends.
struct DatabaseName {
    std::string token;
    std::size_t end = 0;
};
std::optional<DatabaseName> nameIn(const ArchiveEntry& entry, const std::vector<SqlToken>& tokens) {
    if (tokens.size() < 3 || !tokens[0].isWord("CREATE") || !tokens[1].isWord("DATABASE") ||
        !tokens[2].isName())
        return std::nullopt;
    return DatabaseName{entry.definition.substr(tokens[2].begin, tokens[2].end - tokens[2].begin),
                        tokens[2].end};
}
} // namespace

std::string Archive::databaseOptions() const {
    const auto* entry = find("DATABASE");
    if (entry == nullptr)
        return {};
    const auto tokens = sqlTokens(entry->definition);
    const auto name = nameIn(*entry, tokens);
    if (!name)
        return {};
    const auto end = std::find_if(tokens.begin(), tokens.end(), [](const auto& token) {
        // The tablespace comes last, and need not exist elsewhere.
        return token.isSymbol(';') || token.isWord("TABLESPACE");
    });
    const auto to = end == tokens.end() ? entry->definition.size() : end->begin;
    return entry->definition.substr(name->end, to - name->end);
}

std::vector<std::string> Archive::databaseStatements(const std::string& name) const {
    std::vector<std::string> out;
    const auto* created = find("DATABASE");
    const auto known = created == nullptr ? std::nullopt : nameIn(*created, sqlTokens(created->definition));
    if (!known)
        return out;
    for (const auto& entry : entries) {
        const bool ofDatabase = entry.description == "DATABASE PROPERTIES" ||
                                ((entry.description == "ACL" || entry.description == "COMMENT" ||
                                  entry.description == "SECURITY LABEL") &&
                                 entry.tag.starts_with("DATABASE "));
        if (!ofDatabase)
            continue;
        for (const auto& statement : sqlStatements(entry.definition))
            for (std::size_t i = 0; i + 1 < statement.size(); ++i)
                if (statement[i].isWord("DATABASE") && statement[i + 1].isName()) {
                    const auto from = statement.front().begin;
                    const auto& old = statement[i + 1];
                    out.push_back(entry.definition.substr(from, old.begin - from) + name +
                                  entry.definition.substr(old.end, statement.back().end - old.end));
                    break;
                }
    }
    return out;
}

} // namespace postgres
