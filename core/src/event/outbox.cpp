#include "event/outbox.h"

#include <fmt/format.h>

#include "core/error.h"

namespace core::event {

using db::Transaction;

namespace {

constexpr std::int64_t kBatch = 1000; // rows that one unit of work numbers or removes

// Publishing costs nothing but a look where nobody asked.
constexpr auto kWrite = "INSERT INTO core_outbox (tenant_id, event, fields, created_us) "
                        "SELECT $1::uuid, $2::text, $3::text, $4::bigint "
                        "WHERE EXISTS (SELECT 1 FROM core_outbox_subscriptions WHERE event = $2::text)";

// The highest position that was ever given: rows are removed, but not what their subscriptions know.
#define LAST_POSITION                                                                                        \
    "(SELECT coalesce(max(p), 0) AS last FROM (SELECT max(position) AS p FROM core_outbox "                  \
    "UNION ALL SELECT max(position) FROM core_outbox_subscriptions) AS positions) AS given"

constexpr auto kNumberLock = "SELECT pg_advisory_xact_lock(7019267298)";
constexpr auto kNumber =
    "UPDATE core_outbox SET position = numbered.position FROM ("
    "SELECT fresh.id AS id, given.last + row_number() OVER (ORDER BY fresh.id) AS position "
    "FROM (SELECT id FROM core_outbox WHERE position IS NULL ORDER BY id LIMIT $1::bigint) AS "
    "fresh, " LAST_POSITION ") AS numbered WHERE core_outbox.id = numbered.id";

constexpr auto kOpen =
    "INSERT INTO core_outbox_subscriptions (name, event, position, tries, seen_us) "
    "SELECT $1::text, $2::text, given.last, 0, $3::bigint FROM " LAST_POSITION
    " WHERE true ON CONFLICT (name) DO UPDATE SET seen_us = excluded.seen_us, event = excluded.event, "
    "tries = CASE WHEN core_outbox_subscriptions.event = excluded.event "
    "THEN core_outbox_subscriptions.tries ELSE 0 END, "
    "position = CASE WHEN core_outbox_subscriptions.event = excluded.event "
    "THEN core_outbox_subscriptions.position ELSE excluded.position END";

constexpr auto kUnnumbered = "SELECT EXISTS (SELECT 1 FROM core_outbox WHERE position IS NULL)";
constexpr auto kTries = "SELECT tries FROM core_outbox_subscriptions WHERE name = $1";
// A time that is none must not hold up every event behind it.
constexpr auto kDue = "SELECT id, position, CAST(created_us AS BIGINT), fields FROM core_outbox WHERE event "
                      "= $2 AND position > "
                      "(SELECT position FROM core_outbox_subscriptions WHERE name = $1) "
                      "ORDER BY position LIMIT $3";

constexpr auto kSeen = "SELECT id FROM core_outbox WHERE event = $1 AND position <= "
                       "(SELECT min(position) FROM core_outbox_subscriptions WHERE event = $1) "
                       "ORDER BY position LIMIT $2";
constexpr auto kUnwanted = "SELECT id FROM core_outbox WHERE event = $1 AND NOT EXISTS "
                           "(SELECT 1 FROM core_outbox_subscriptions WHERE event = $1) "
                           "ORDER BY position LIMIT $2";
/// Row by row, through the key: for as many as a batch PostgreSQL would join them with the whole table.
std::string removing(const char* select, db::Dialect dialect) {
    const std::string head = "DELETE FROM core_outbox WHERE id ";
    return dialect == db::Dialect::postgresql ? head + "= ANY (ARRAY(" + select + "))"
                                              : head + "IN (" + select + ")";
}
// From one key to the next: as many steps as there are keys, however many rows.
constexpr auto kKeys = "WITH RECURSIVE keys (event) AS (SELECT min(event) FROM core_outbox UNION ALL "
                       "SELECT (SELECT min(event) FROM core_outbox WHERE event > keys.event) FROM keys "
                       "WHERE keys.event IS NOT NULL) SELECT event FROM keys WHERE event IS NOT NULL";
constexpr auto kPruneDead =
    "DELETE FROM core_outbox_dead WHERE (subscription, id) IN "
    "(SELECT subscription, id FROM core_outbox_dead WHERE dead_us < $1 ORDER BY dead_us LIMIT $2)";

// In the index's order, so that no plan begins with everybody's events.
constexpr auto kPending =
    "SELECT s.name, "
    "(SELECT count(*) FROM (SELECT * FROM (SELECT 1 FROM core_outbox o WHERE o.event = s.event AND "
    "o.position > s.position ORDER BY o.position LIMIT 10000) AS numbered UNION ALL "
    "SELECT * FROM (SELECT 1 FROM core_outbox o WHERE o.event = s.event AND o.position IS NULL "
    "ORDER BY o.position LIMIT 10000) AS fresh LIMIT 10000) AS waiting), "
    "CAST(COALESCE((SELECT o.created_us FROM core_outbox o WHERE o.event = s.event AND "
    "o.position > s.position ORDER BY o.position LIMIT 1), "
    "(SELECT o.created_us FROM core_outbox o WHERE o.event = s.event AND o.position IS NULL "
    "ORDER BY o.position LIMIT 1)) AS BIGINT) "
    "FROM core_outbox_subscriptions s ORDER BY s.name";

const SystemContext& context() {
    static const SystemContext kContext("outbox");
    return kContext;
}

const char* nameOf(Outbox::Outcome outcome) {
    switch (outcome) {
    case Outbox::Outcome::delivered:
        return "delivered";
    case Outbox::Outcome::failed:
        return "failed";
    case Outbox::Outcome::dead:
        break;
    }
    return "dead";
}

} // namespace

Outbox::Outbox(db::Database& database, const Clock& clock, Logger log, Wakeups& wakeups,
               OutboxOptions options)
    : database_(database), clock_(clock), log_(std::move(log)), wakeups_(wakeups), options_(options) {}

void Outbox::write(Transaction& tx, const Bus::Message& message) {
    const auto document = message.toJson();
    std::string fields = json::write(document);
    if (fields.size() > kMaxFields)
        throw Error(errors::kValidation,
                    fmt::format("The event {} has {} bytes of fields; a durable event may have {}.",
                                message.key, fields.size(), kMaxFields));
    const auto tenant = Uuid::parse(document.stringOr("tenant_id"));
    if (tx.execute(kWrite, {tenant, message.key, std::move(fields), clock_.now()}) > 0)
        wakeups_.publish(tx, std::string(kTopic), message.key);
}

void Outbox::open(const std::string& name, const std::string& event) {
    database_.run(context(), {{kOpen, {name, event, clock_.now()}}}, true);
}

bool Outbox::number(Transaction& tx) {
    // One at a time, so that no two rows get one position.
    if (tx.dialect() == db::Dialect::postgresql)
        tx.query(kNumberLock);
    return tx.execute(kNumber, {kBatch}) == kBatch;
}

Outbox::Due Outbox::due(const std::string& name, const std::string& event, std::size_t limit) {
    const auto unnumbered = database_.run(context(), {{kUnnumbered}}, false);
    if (unnumbered.at(0)[0].boolean(0))
        while (database_.transact(context(), [&](Transaction& tx) { return number(tx); })) {
        }
    const auto rows = database_.run(
        context(), {{kTries, {name}}, {kDue, {name, event, static_cast<std::int64_t>(limit)}}}, false);
    Due due;
    if (rows.at(0).empty()) // forgotten: this host was out of touch for longer than events are kept
        return due;
    due.tries = static_cast<int>(rows.at(0)[0].integer(0));
    for (const auto& row : rows.at(1))
        due.events.push_back({row.integer(0), row.integer(1), row.instant(2), row.text(3)});
    return due;
}

void Outbox::begin(const std::string& name, int attempt, const Fence& fence) {
    database_.transact(context(), [&](Transaction& tx) {
        fence(tx);
        tx.execute("UPDATE core_outbox_subscriptions SET tries = $2 WHERE name = $1", {name, attempt});
    });
}

namespace {
void advance(Transaction& tx, const std::string& name, const Outbox::Event& event) {
    tx.execute("UPDATE core_outbox_subscriptions SET position = $2, tries = 0 WHERE name = $1",
               {name, event.position});
}
} // namespace

void Outbox::done(const std::string& name, const Event& event, const Fence& fence) {
    database_.transact(context(), [&](Transaction& tx) {
        fence(tx);
        advance(tx, name, event);
    });
    count(name, Outcome::delivered);
}

void Outbox::bury(const std::string& name, const std::string& key, const Event& event, int tries,
                  const std::string& error, const Fence& fence) {
    std::string tenant;
    database_.transact(context(), [&](Transaction& tx) {
        fence(tx);
        const auto rows = tx.query(
            "INSERT INTO core_outbox_dead (subscription, id, tenant_id, event, fields, tries, error, "
            "created_us, dead_us) SELECT $1::text, id, tenant_id, event, fields, $3::integer, $4::text, "
            "created_us, $5::bigint FROM core_outbox WHERE id = $2 RETURNING tenant_id",
            {name, event.id, tries, error, clock_.now()});
        tenant = rows.empty() ? "" : rows[0].optionalText(0).value_or("");
        advance(tx, name, event);
    });
    count(name, Outcome::dead);
    log_.error("an event could not be delivered and is set aside", {{"tenant_id", tenant},
                                                                    {"subscription", name},
                                                                    {"event", key},
                                                                    {"id", event.id},
                                                                    {"tries", tries},
                                                                    {"error", error}});
}

void Outbox::prune(const std::string& event) {
    for (const char* select : {kSeen, kUnwanted})
        while (database_.run(context(), {{removing(select, database_.dialect()), {event, kBatch}}}, true)
                   .at(0)
                   .affected == kBatch) {
        }
}

void Outbox::tidy() {
    const auto limit = clock_.now() - options_.keep;
    const auto forgotten = database_.run(
        context(),
        {{"DELETE FROM core_outbox_subscriptions WHERE seen_us < $1 RETURNING name, event", {limit}}}, true);
    for (const auto& row : forgotten.at(0))
        log_.warn("a durable subscription that no host has had for long is forgotten",
                  {{"subscription", row.text(0)},
                   {"event", row.text(1)},
                   {"kept_for", formatDuration(options_.keep)}});
    while (database_.run(context(), {{kPruneDead, {limit, kBatch}}}, true).at(0).affected == kBatch) {
    }
    const auto keys = database_.run(context(), {{kKeys}}, false);
    for (const auto& row : keys.at(0))
        prune(row.text(0));
}

void Outbox::count(const std::string& name, Outcome outcome) {
    const std::lock_guard lock(mutex_);
    ++counts_[{name, outcome}];
}

std::uint64_t Outbox::counted(const std::string& name, Outcome outcome) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find({name, outcome});
    return found == counts_.end() ? 0 : found->second;
}

void Outbox::registerMetrics(metrics::Registry& registry) {
    using metrics::Kind;
    using metrics::Sample;
    using Samples = std::vector<Sample>;
    registry.collect("ae_outbox_total",
                     "Tries of this host to deliver durable events, by subscription and what became of them",
                     Kind::counter, [this](const db::Context&) {
                         const std::lock_guard lock(mutex_);
                         Samples samples;
                         for (const auto& [key, value] : counts_)
                             samples.push_back({{{"subscription", key.first}, {"result", nameOf(key.second)}},
                                                static_cast<double>(value)});
                         return samples;
                     });
    // Subscriptions are the host's, not a tenant's: only who may cross tenants sees them.
    const auto pending = [this](const db::Context& asked, bool age) {
        Samples samples;
        if (!std::holds_alternative<SystemContext>(asked))
            return samples;
        const auto rows = database_.run(context(), {{kPending}}, false);
        for (const auto& row : rows.at(0)) {
            double value = static_cast<double>(row.integer(1));
            if (age)
                value =
                    row.isNull(2) ? 0 : std::chrono::duration<double>(clock_.now() - row.instant(2)).count();
            samples.push_back({{{"subscription", row.text(0)}}, value});
        }
        return samples;
    };
    registry.collect("ae_outbox_pending",
                     "Durable events that a subscription has not had yet (10000: or more)", Kind::gauge,
                     [pending](const db::Context& asked) { return pending(asked, false); });
    registry.collect("ae_outbox_oldest_seconds", "How long the oldest of them has waited", Kind::gauge,
                     [pending](const db::Context& asked) { return pending(asked, true); });
}

} // namespace core::event
