#include "dumps/dump_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/encoding.h"

namespace agent {

std::vector<DumpItem> itemsOf(const core::json::Object& answer) {
    std::vector<DumpItem> out;
    const auto* items = answer.find("items");
    if (items == nullptr || items->array() == nullptr)
        return out;
    for (const auto& one : *items->array()) {
        DumpItem item;
        item.name = one.stringOr("name");
        if (item.name.empty() || one.object() == nullptr)
            continue;
        item.files = one.stringOr("kind") == "files";
        item.needs = static_cast<std::uint64_t>(
            std::max<std::int64_t>(0, one.integerOr("needs", one.integerOr("bytes"))));
        item.extension = one.stringOr("extension", "dump");
        item.document = *one.object();
        out.push_back(std::move(item));
    }
    return out;
}

std::string encodedName(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto c = static_cast<unsigned char>(name[i]);
        const bool atEnd = i == 0 || i + 1 == name.size();
        const bool special = c < ' ' || c == 0x7f || c == '/' || c == ',' || c == '%' || c == '\\' ||
                             (c == ' ' && atEnd) || (c == '.' && i == 0);
        if (special)
            out += fmt::format("%{:02X}", c);
        else
            out += name[i];
    }
    return out;
}

std::string decodedName(std::string_view encoded) {
    return core::percentDecode(encoded).value_or(std::string(encoded));
}

namespace {
/// No encoded name holds the comma between the two.
std::string serverPart(const DumpPlace& place) {
    return encodedName(place.server) + (place.set ? "," + encodedName(*place.set) : std::string());
}
} // namespace

std::string dumpFile(const DumpPlace& place, const DumpItem& item, const restic::cli::ResticVersion& restic) {
    // This one version cannot make a folder for its input.
    const char between = restic == restic::cli::ResticVersion{0, 18, 0} ? '_' : '/';
    return fmt::format("/{}{}{}{}{}.{}", place.plugin, between, serverPart(place), between,
                       encodedName(item.name), encodedName(item.extension));
}

std::string stagedFile(const DumpPlace& place, const DumpItem& item) {
    constexpr std::size_t kMost = 255;
    constexpr std::size_t kKept = 180;
    const auto shortened = [](std::string name, const std::string& extension) {
        if (name.size() + extension.size() <= kMost)
            return name + extension;
        const auto hash = core::hexEncode(core::sha256(name)).substr(0, 32);
        name.resize(kKept);
        while (!name.empty() && !core::isUtf8(name))
            name.pop_back(); // half a character
        return name + "~" + hash + extension.substr(0, kMost - kKept - 1 - hash.size());
    };
    return "/" + place.plugin + "/" + shortened(serverPart(place), "") + "/" +
           shortened(encodedName(item.name), "." + encodedName(item.extension));
}

} // namespace agent
