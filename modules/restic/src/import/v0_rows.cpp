#include "import/v0_rows.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/text.h"
#include "import/v0_time.h"
#include "restic/protocol/names.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/snapshot_id.h"

namespace restic {

namespace fs = std::filesystem;
using core::Error;
using core::Result;
using core::json::Value;

namespace {
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kLongestList = 1U << 20U;
constexpr std::size_t kMostItems = 10000;
constexpr std::int64_t kMostKept = 100000;
constexpr std::size_t kShortId = 8;

/// Thrown within this file, and a Result outside of it.
[[noreturn]] void refuse(const std::string& why) {
    throw Error(core::errors::kValidation, why);
}

template <typename Read>
auto result(Read read) -> Result<decltype(read())> {
    try {
        return read();
    } catch (const Error& error) {
        return error;
    }
}

const Value* valueOf(const V0Row& row, std::initializer_list<std::string_view> names) {
    for (const auto name : names)
        if (const auto* value = row.find(name); value != nullptr && !value->isNull())
            return value;
    return nullptr;
}

/// A text that every database takes; nothing for none and for an empty one.
std::optional<std::string> textOf(const V0Row& row, std::initializer_list<std::string_view> names,
                                  std::size_t longest = kLongestText) {
    const auto* value = valueOf(row, names);
    if (value == nullptr)
        return std::nullopt;
    const auto* text = value->string();
    const std::string name(*names.begin());
    if (text == nullptr)
        refuse(name + " is no text");
    if (text->empty())
        return std::nullopt;
    if (text->size() > longest)
        refuse(fmt::format("{} has more than {} bytes", name, longest));
    if (!core::isUtf8(*text) || text->find('\0') != std::string::npos)
        refuse(name + " is no UTF-8");
    return *text;
}

std::optional<std::int64_t> integerOf(const V0Row& row, std::string_view name) {
    const auto* value = valueOf(row, {name});
    if (value == nullptr)
        return std::nullopt;
    if (value->integer() == nullptr)
        refuse(std::string(name) + " is no whole number");
    return *value->integer();
}

/// v0 kept truth as 0 and 1, and in JSON as true and false.
std::optional<bool> truthOf(const V0Row& row, std::string_view name) {
    const auto* value = valueOf(row, {name});
    if (value == nullptr)
        return std::nullopt;
    if (const auto* truth = value->boolean())
        return *truth;
    if (const auto* number = value->integer(); number != nullptr && (*number == 0 || *number == 1))
        return *number == 1;
    refuse(std::string(name) + " is neither true nor false");
}

std::vector<std::string> listOf(const V0Row& row, std::string_view name) {
    std::vector<std::string> list;
    const auto text = textOf(row, {name}, kLongestList);
    if (!text || *text == "null")
        return list;
    const auto document = core::json::parse(*text);
    const auto* items = document ? document.value().array() : nullptr;
    if (items == nullptr || items->size() > kMostItems)
        refuse(std::string(name) + " is no JSON list");
    for (const auto& item : *items) {
        if (item.string() == nullptr)
            refuse(std::string(name) + " is no list of texts");
        list.push_back(*item.string());
    }
    return list;
}

core::Instant timeOf(const V0Row& row, std::string_view name) {
    const auto* value = valueOf(row, {name});
    if (value == nullptr)
        refuse(std::string(name) + " is missing");
    const auto time = parseV0Time(*value);
    if (!time)
        refuse(std::string(name) + " is no time");
    return *time;
}

bool isHex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A whole id, in lower case; nothing for what is none.
std::optional<std::string> objectOf(const V0Row& row, std::string_view name) {
    const auto text = textOf(row, {name});
    return text && !protocol::checkSnapshotId(*text) ? text : std::nullopt;
}

std::optional<protocol::Retention> retentionOf(const V0Row& row) {
    protocol::Retention keep;
    bool any = false;
    const auto take = [&](std::string_view name, std::optional<int>& count) {
        const auto number = integerOf(row, name).value_or(0);
        if (number < 0 || number > kMostKept)
            refuse(fmt::format("{} is {}: it must be from 0 to {}", name, number, kMostKept));
        if (number > 0) {
            count = static_cast<int>(number);
            any = true;
        }
    };
    take("keep_last", keep.keepLast);
    take("keep_hourly", keep.keepHourly);
    take("keep_daily", keep.keepDaily);
    take("keep_weekly", keep.keepWeekly);
    take("keep_monthly", keep.keepMonthly);
    take("keep_yearly", keep.keepYearly);
    return any ? std::optional(keep) : std::nullopt;
}

/// "ada:secret@host" of a REST server's URL becomes fields: an address is shown to everybody.
void takeCredentials(V0Address& address) {
    const auto from = address.url.find("://");
    if (from == std::string::npos)
        return;
    const auto authority = from + 3;
    const auto end = std::min(address.url.find_first_of("/?#", authority), address.url.size());
    const auto at = address.url.substr(0, end).rfind('@');
    if (at == std::string::npos || at < authority)
        return;
    const auto user = address.url.substr(authority, at - authority);
    const auto colon = user.find(':');
    if (colon == std::string::npos)
        return; // a name alone may stand there
    const auto name = core::percentDecode(user.substr(0, colon));
    const auto password = core::percentDecode(user.substr(colon + 1));
    if (!name || !password || name->empty() || password->empty())
        refuse("the user and password in the repository's address cannot be read");
    address.config.set("username", *name);
    address.config.set("password", *password);
    address.url.erase(authority, at + 1 - authority);
}
} // namespace

Result<V0Target> readV0Target(const V0Row& row) {
    return result([&] {
        V0Target target;
        target.id = integerOf(row, "id");
        const auto name = textOf(row, {"name"}, kLongestName);
        if (!name)
            refuse("name is missing");
        if (const auto problem = core::checkName(*name))
            refuse("name " + *problem);
        target.name = *name;
        const auto repository = textOf(row, {"repository", "repository_url"});
        if (!repository)
            refuse("repository is missing");
        target.repository = *repository;
        target.password = textOf(row, {"password"});
        target.passwordFile = textOf(row, {"password_file"});
        target.certFile = textOf(row, {"certificate_file", "cert_file"});
        target.disabled = truthOf(row, "disabled").value_or(false);
        target.retention = retentionOf(row);
        return target;
    });
}

Result<V0Snapshot> readV0Snapshot(const V0Row& row) {
    return result([&] {
        V0Snapshot snapshot;
        auto id = textOf(row, {"snapshot_id"}).value_or("");
        if (id.size() < kShortId || !isHex(id) || id.size() > 64)
            refuse("snapshot_id is no snapshot's id");
        // Between the two there is nothing that restic would list again.
        if (protocol::checkSnapshotId(id))
            id.resize(kShortId);
        snapshot.snapshotId = std::move(id);
        snapshot.time = timeOf(row, "time");
        snapshot.hostname = textOf(row, {"hostname"}, kLongestName);
        snapshot.username = textOf(row, {"username"}, kLongestName);
        snapshot.paths = listOf(row, "paths");
        snapshot.tags = listOf(row, "tags");
        snapshot.parent = objectOf(row, "parent");
        snapshot.tree = objectOf(row, "tree");
        return snapshot;
    });
}

Result<V0Check> readV0Check(const V0Row& row) {
    return result([&] {
        V0Check check;
        const auto healthy = truthOf(row, "healthy");
        if (!healthy)
            refuse("healthy is missing");
        check.healthy = *healthy;
        check.at = timeOf(row, "checked_at");
        if (const auto message = textOf(row, {"error_message"}, kLongestList))
            check.message = core::printable(
                core::withoutUrlPasswords(core::toUtf8(message->substr(0, kLongestText))), "\n\t");
        return check;
    });
}

Result<V0Address> readV0Address(const std::string& repository, const fs::path& folder) {
    return result([&] {
        V0Address address;
        constexpr std::string_view kLocal = "local:";
        const auto hasWord = repository.starts_with(kLocal);
        const auto path = hasWord ? repository.substr(kLocal.size()) : repository;
        address.kind = hasWord ? nullptr : protocol::kindOfAddress(repository);
        address.url = repository;
        if (address.kind == nullptr) {
            const auto colon = path.find(':');
            if (!hasWord && colon != std::string::npos && colon < path.find('/'))
                refuse("repository is no address that restic takes");
            if (path.empty())
                refuse("repository is missing");
            address.kind = &protocol::repositories::local();
            address.wasRelative = path.front() != '/';
            address.url = address.wasRelative ? (folder / path).lexically_normal().string() : path;
        }
        if (address.kind == &protocol::repositories::rest())
            takeCredentials(address);
        for (const auto& problem : protocol::problemsOfAddress(*address.kind, address.url))
            refuse("repository " + problem);
        return address;
    });
}

std::string hostNameOf(const V0Target& target) {
    std::string name;
    for (const char c : target.name) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool fits = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
        if (fits)
            name += upper ? static_cast<char>(c - 'A' + 'a') : c;
        else if (!name.empty() && name.back() != '-' && name.back() != '.')
            name += '-';
    }
    while (!name.empty() && (name.back() == '-' || name.back() == '.'))
        name.pop_back();
    name.erase(0, std::min(name.find_first_not_of('.'), name.size()));
    if (auto host = protocol::normalHostName(name))
        return *host;
    constexpr std::size_t kDigits = 8;
    return "v0-target-" + (target.id ? std::to_string(*target.id)
                                     : core::hexEncode(core::sha256(target.name)).substr(0, kDigits));
}

} // namespace restic
