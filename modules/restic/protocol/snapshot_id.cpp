#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {

namespace {
bool isHex(const std::string& text) {
    return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}
} // namespace

std::optional<std::string> checkSnapshotId(const std::string& id) {
    return id.size() == 64 && isHex(id) ? std::nullopt
                                        : std::optional<std::string>("must be 64 hexadecimal digits");
}

std::optional<std::string> checkShortId(const std::string& id) {
    return id.size() >= 8 && id.size() <= 64 && isHex(id)
               ? std::nullopt
               : std::optional<std::string>("must be 8 to 64 hexadecimal digits");
}

} // namespace restic::protocol
