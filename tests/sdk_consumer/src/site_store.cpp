#include "site_store.h"

#include "core/error.h"

namespace sites {

using core::db::ConstraintViolation;
using core::db::Transaction;

void SiteStore::insert(Transaction& tx, const Site& site) {
    try {
        tx.execute("INSERT INTO sites_sites (tenant_id, id, name) VALUES ($1, $2, $3)",
                   {tx.tenant(), site.id, site.name});
    } catch (const ConstraintViolation& violation) {
        if (violation.kind() != ConstraintViolation::Kind::unique)
            throw;
        throw core::Error(core::errors::kConflict, "A site named \"" + site.name + "\" is there already.");
    }
}

std::vector<Site> SiteStore::list(Transaction& tx) {
    const auto rows = tx.query(
        "SELECT id, name, arrivals FROM sites_sites WHERE tenant_id = $1 ORDER BY name", {tx.tenant()});
    std::vector<Site> sites;
    for (const auto& row : rows)
        sites.push_back({row.uuid(0), row.text(1), row.integer(2)});
    return sites;
}

std::int64_t SiteStore::count(Transaction& tx) {
    return tx.query("SELECT count(*) FROM sites_sites WHERE tenant_id = $1", {tx.tenant()})[0].integer(0);
}

std::int64_t SiteStore::countAll(Transaction& tx) {
    return tx.query("SELECT count(*) FROM sites_sites")[0].integer(0);
}

void SiteStore::noteArrival(Transaction& tx) {
    tx.execute("UPDATE sites_sites SET arrivals = arrivals + 1 WHERE tenant_id = $1", {tx.tenant()});
}

} // namespace sites
