#pragma once

#include <string>
#include <string_view>

#include "core/http/message.h"

namespace core::http {

/// How the bytes of an answer are packed on their way.
enum class Coding { identity, gzip, brotli };

/// The name in Accept-Encoding and Content-Encoding: "gzip", "br", "" for identity.
std::string_view codingName(Coding coding) noexcept;

/// What a client takes, from its Accept-Encoding with q-values (RFC 9110, 12.5.3). One that sends no such
/// field gets the bytes as they are, and so does one whose field is malformed.
class AcceptedCodings {
public:
    explicit AcceptedCodings(const Headers& headers);
    /// The one that the client prefers among those that are there, brotli before gzip where it has no
    /// preference; identity if none fits.
    [[nodiscard]] Coding choose(bool gzip, bool brotli) const noexcept;

private:
    void read(std::string_view field);
    // In thousandths; 0 = not wanted. Identity may be wanted more than a coding, but is never refused.
    int gzip_ = 0;
    int brotli_ = 0;
    int identity_ = 0;
};

/// The text as gzip, as fast as zlib can.
std::string gzip(std::string_view text);

} // namespace core::http
