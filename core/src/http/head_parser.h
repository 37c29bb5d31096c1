#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"

namespace core::http {

/// Limits on one request's head.
struct HeadLimits {
    std::size_t maxBytes = 32768;
    std::size_t maxFields = 100;
    std::size_t maxValueBytes = 8192;
    std::size_t maxTargetBytes = 8192;
};

/// The head of one request, every byte of it judged.
struct Head {
    std::string method;
    std::string path;
    std::string query;
    Headers headers;
    bool keepAlive = true;
    bool chunked = false;
    bool expectContinue = false;
    std::optional<std::uint64_t> contentLength;
};

/// Why a head is refused: what the client is told.
struct HeadRefusal {
    int status = 400;
    std::string message;
};

/// Reads a request head strictly (RFC 9112 without its leniencies): a front and a back that read a head
/// differently is how requests are smuggled. Refuses bare CR or LF, obsolete folding, blanks around the colon
/// or in names, control characters and NUL, two lengths, length with chunked, other codings, authority and
/// asterisk targets, a whole address of another host than Host, Hosts that are none, versions other than 1.0
/// and 1.1. What it decides does not depend on the pieces in which the head arrives. Where it differs from
/// the RFCs: ADR 0026.
class HeadParser {
public:
    explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

    enum class Progress { incomplete, complete, refused };
    /// `buffer` holds what has arrived so far, from the first byte of the head.
    Progress feed(std::string_view buffer);

    [[nodiscard]] Head& head() noexcept { return head_; }
    /// Bytes of the head, including the empty line.
    [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
    [[nodiscard]] const HeadRefusal& refusal() const noexcept { return refusal_; }

private:
    Progress refuse(int status, std::string message);
    Progress parse(std::string_view text);
    bool parseRequestLine(std::string_view line);
    bool parseField(std::string_view line);
    bool judge();

    HeadLimits limits_;
    Head head_;
    HeadRefusal refusal_;
    std::size_t scanned_ = 0;
    std::size_t consumed_ = 0;
    bool http10_ = false;
    std::optional<std::string> authority_; ///< of a target in absolute form
};

} // namespace core::http
