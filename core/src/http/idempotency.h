#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/export.h"
#include "core/http/request.h"
#include "core/http/route.h"
#include "core/log.h"
#include "core/time.h"

namespace core::http {

inline constexpr std::string_view kIdempotencyHeader = "Idempotency-Key";

/// Answers of requests that may be sent again: with one Idempotency-Key a POST changes something once,
/// however often it arrives, at whichever host of the database. A row is written by the transaction that
/// makes the change, with the answer if the handler named it there (Request::keep), else right after it. What
/// succeeded is remembered: a request that was refused may be sent again with the same key. Thread-safe. See
/// docs/adr/0017.
class CORE_EXPORT Idempotency {
public:
    /// How long after its commit a change may be without an answer, because its handler still works.
    static constexpr seconds kAnswerDue{60};
    static constexpr std::size_t kMostAnswerBytes = 256U << 10U;

    /// References must outlive it. Rows are removed `retention` after they were written, a few at each write.
    Idempotency(db::Database& database, const Clock& clock, Logger log, milliseconds retention);

    /// True for a POST by which people or their programs change something.
    [[nodiscard]] static bool appliesTo(const Route& route) noexcept;

    /// Runs the handler unless the key has been used; then gives the first answer again, with the header
    /// Idempotency-Replayed. A request without a key is only handled. Throws core::Error: kValidation for a
    /// malformed key, kIdempotencyKeyReused, kIdempotencyKeyInUse, kIdempotencyAnswerLost, and what the
    /// handler throws.
    [[nodiscard]] Outcome handle(Request& request, const Handler& handler) const;

private:
    struct Key;
    [[nodiscard]] static Key keyOf(const Request& request, const std::string& text);
    [[nodiscard]] std::optional<Response> earlier(const Key& key) const;
    void write(db::Transaction& tx, const Key& key, const AuditEntry& entry,
               const std::optional<Response>& answer) const;
    void keepAfterwards(const Key& key, const AuditEntry& entry, const Response& answer) const;

    db::Database* database_;
    const Clock* clock_;
    Logger log_;
    milliseconds retention_;
};

} // namespace core::http
