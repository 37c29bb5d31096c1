#include "http/idempotency.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/gcm.h"

namespace core::http {

struct Idempotency::Key {
    db::Context context;
    std::optional<Uuid> tenant;
    std::string hash;
    std::string fingerprint;
    std::string sealing;

    [[nodiscard]] db::Param tenantParam() const { return tenant ? db::Param(*tenant) : db::Param(nullptr); }
};

namespace {

constexpr std::size_t kFewestCharacters = 16;
constexpr std::size_t kMostCharacters = 128;

void requireGoodKey(const std::string& text) {
    const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (visible && text.size() >= kFewestCharacters && text.size() <= kMostCharacters)
        return;
    throw Error(
        errors::kValidation,
        fmt::format("The header {} must have {} to {} visible ASCII characters; send a new random UUID "
                    "for each change.",
                    kIdempotencyHeader, kFewestCharacters, kMostCharacters));
}

std::string objectOf(const AuditEntry& entry) {
    return entry.objectType.empty() ? entry.action : entry.objectType + " " + entry.objectId;
}

std::string seal(const std::string& key, const Response& answer) {
    json::Array headers;
    for (const auto& [name, value] : answer.headers.fields())
        headers.push_back(json::Array{name, value});
    // A module may answer with any bytes.
    const auto plain = json::write(json::Object{{"status", answer.status},
                                                {"headers", std::move(headers)},
                                                {"body", base64UrlEncode(answer.content())}});
    const auto nonce = gcm::newNonce();
    return nonce + gcm::seal(key, nonce, {}, plain);
}

std::optional<Response> unseal(const std::string& key, std::string_view sealed) {
    const auto plain =
        gcm::open(key, sealed.substr(0, gcm::kNonceBytes), {}, sealed.substr(gcm::kNonceBytes));
    if (!plain)
        return std::nullopt;
    const auto document = json::parse(*plain).value();
    Response response;
    response.status = static_cast<int>(document.integerOr("status", 200));
    for (const auto& field : *document.find("headers")->array()) {
        const auto& pair = *field.array();
        response.headers.add(*pair[0].string(), *pair[1].string());
    }
    response.body = base64Decode(document.stringOr("body")).value();
    return response;
}

} // namespace

Idempotency::Idempotency(db::Database& database, const Clock& clock, Logger log, milliseconds retention)
    : database_(&database), clock_(&clock), log_(std::move(log)), retention_(retention) {}

bool Idempotency::appliesTo(const Route& route) noexcept {
    return route.method == "POST" && !route.audit.actionName().empty() && !route.permission.isOpen() &&
           (route.permission.admitsKind(PrincipalKind::user) ||
            route.permission.admitsKind(PrincipalKind::apiToken));
}

Idempotency::Key Idempotency::keyOf(const Request& request, const std::string& text) {
    requireGoodKey(text);
    const auto& caller = request.principal();
    const auto whose = joinWithLengths({caller.tenant ? caller.tenant->toString() : "",
                                        principalKindName(caller.kind), caller.id.toString()});
    return {caller.tenant ? db::Context(TenantContext(*caller.tenant))
                          : db::Context(SystemContext("idempotency keys")),
            caller.tenant, sha256(joinWithLengths({"key", whose, text})),
            sha256(joinWithLengths({request.method, request.path, request.query, request.body})),
            sha256(joinWithLengths({"answer", whose, text}))};
}

std::optional<Response> Idempotency::earlier(const Key& key) const {
    const auto rows = database_
                          ->run(key.context,
                                {{"SELECT fingerprint, object, answer, created_us FROM core_idempotency_keys "
                                  "WHERE key_hash = $1 AND created_us > $2",
                                  {db::Bytes{key.hash}, clock_->now() - retention_}}},
                                false)
                          .at(0);
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    if (row.bytes(0) != key.fingerprint)
        throw Error(errors::kIdempotencyKeyReused,
                    fmt::format("This {} belongs to another request; send a new one for each change.",
                                kIdempotencyHeader));
    if (!row.isNull(2))
        if (auto answer = unseal(key.sealing, row.bytes(2))) {
            answer->headers.set("Idempotency-Replayed", "true");
            return answer;
        }
    if (clock_->now() - row.instant(3) < kAnswerDue)
        throw Error(errors::kIdempotencyKeyInUse,
                    "The first request with this key is still being answered; send it again in a moment.");
    throw Error(
        errors::kIdempotencyAnswerLost,
        fmt::format("The first request with this key did what it should ({}), but its answer was lost; "
                    "nothing was done again. Read the current state.",
                    row.text(1)));
}

void Idempotency::write(db::Transaction& tx, const Key& key, const AuditEntry& entry,
                        const std::optional<Response>& answer) const {
    const auto now = clock_->now();
    db::Param sealed = nullptr;
    if (answer && answer->content().size() <= kMostAnswerBytes)
        sealed = db::Bytes{seal(key.sealing, *answer)};
    // A few more than are written, so that they become fewer; whoever else is at it is left alone.
    const std::string expired =
        fmt::format("DELETE FROM core_idempotency_keys WHERE key_hash IN (SELECT key_hash FROM "
                    "core_idempotency_keys WHERE created_us <= $1 ORDER BY created_us LIMIT 4{})",
                    tx.dialect() == db::Dialect::postgresql ? " FOR UPDATE SKIP LOCKED" : "");
    tx.batch(
        {{expired, {now - retention_}},
         {"DELETE FROM core_idempotency_keys WHERE key_hash = $1 AND created_us <= $2",
          {db::Bytes{key.hash}, now - retention_}},
         {"INSERT INTO core_idempotency_keys (key_hash, tenant_id, fingerprint, object, answer, created_us) "
          "VALUES ($1, $2, $3, $4, $5, $6)",
          {db::Bytes{key.hash}, key.tenantParam(), db::Bytes{key.fingerprint}, objectOf(entry),
           std::move(sealed), now}}});
}

void Idempotency::keepAfterwards(const Key& key, const AuditEntry& entry, const Response& answer) const {
    if (answer.content().size() > kMostAnswerBytes)
        return;
    try {
        database_->run(
            key.context,
            {{"INSERT INTO core_idempotency_keys (key_hash, tenant_id, fingerprint, object, answer, "
              "created_us) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_hash) DO UPDATE "
              "SET answer = excluded.answer WHERE core_idempotency_keys.answer IS NULL AND "
              "core_idempotency_keys.fingerprint = excluded.fingerprint",
              {db::Bytes{key.hash}, key.tenantParam(), db::Bytes{key.fingerprint}, objectOf(entry),
               db::Bytes{seal(key.sealing, answer)}, clock_->now()}}},
            true);
    } catch (...) {
        // The change is done: the caller must learn that now, and not that a repetition would be answered
        // less well.
        log_.warn("an answer could not be kept for repetitions of its request",
                  {{"request_id", entry.requestId}, {"error", describeCurrentException()}});
    }
}

Outcome Idempotency::handle(Request& request, const Handler& handler) const {
    const std::string* text = request.headers.find(kIdempotencyHeader);
    if (text == nullptr)
        return handler(request);
    const auto key = keyOf(request, *text);
    if (auto answer = earlier(key))
        return std::move(*answer);

    const auto trail = request.auditTrail;
    request.kept = std::make_shared<std::optional<Response>>();
    trail->alongside = [this, &key, trail = trail.get(), kept = request.kept](db::Transaction& tx) {
        write(tx, key, trail->entry, *kept);
    };
    Outcome outcome;
    try {
        outcome = handler(request);
    } catch (...) {
        trail->alongside = nullptr;
        // Another request with this key may have come first, or this one's commit may have lost its answer.
        if (!trail->written)
            if (auto answer = earlier(key))
                return std::move(*answer);
        throw;
    }
    trail->alongside = nullptr;
    const auto* answer = std::get_if<Response>(&outcome);
    if (answer == nullptr || answer->status >= 300 || (trail->written && *request.kept))
        return outcome;
    keepAfterwards(key, trail->entry, *answer);
    return outcome;
}

} // namespace core::http
