// Rows of v0's files: whatever stands in them is refused with a reason, or is what every database takes and
// what may be shown.
#include <string>

#include "core/encoding.h"
#include "core/text.h"
#include "fuzz/oracle.h"
#include "import/v0_rows.h"
#include "restic/protocol/names.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/snapshot_id.h"

using namespace restic;
using fuzz::require;

namespace {
void isPlain(const std::string& text) {
    require(core::isUtf8(text) && text.find('\0') == std::string::npos,
            "a text that PostgreSQL would refuse");
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto address = readV0Address(text, "/srv/v0")) {
        require(address.value().kind != nullptr, "an address without a kind");
        require(protocol::problemsOfAddress(*address.value().kind, address.value().url).empty(),
                "an address that the API would refuse");
        require(!protocol::hasCredentials(address.value().url), "a password in an address");
    }
    // As a value of every column, and as a document of columns.
    V0Row row;
    for (const auto* name : {"name", "repository", "password", "snapshot_id", "time", "hostname", "paths",
                             "tags", "parent", "error_message", "checked_at"})
        row.set(name, text);
    row.set("healthy", 1);
    const auto document = core::json::parse(text);
    const auto* object = document ? document.value().object() : nullptr;
    for (const auto& given : {row, object != nullptr ? *object : V0Row()}) {
        if (const auto target = readV0Target(given)) {
            require(!core::checkName(target.value().name), "a name that commands a terminal");
            require(protocol::normalHostName(hostNameOf(target.value())).has_value(), "no host's name");
            isPlain(target.value().repository);
            isPlain(target.value().password.value_or(""));
        }
        if (const auto snapshot = readV0Snapshot(given)) {
            require(!protocol::checkShortId(snapshot.value().snapshotId), "no snapshot's id");
            for (const auto& path : snapshot.value().paths)
                isPlain(path);
        }
        if (const auto check = readV0Check(given))
            isPlain(check.value().message.value_or(""));
    }
    return 0;
}
