#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/uuid.h"

namespace sites {

struct Site {
    core::Uuid id;
    std::string name;
    std::int64_t arrivals = 0; ///< agents that joined since it is there
};

/// The table sites_sites. Every statement names its tenant.
class SiteStore {
public:
    static void insert(core::db::Transaction& tx, const Site& site);
    static std::vector<Site> list(core::db::Transaction& tx);
    static std::int64_t count(core::db::Transaction& tx);
    /// Of all tenants.
    static std::int64_t countAll(core::db::Transaction& tx);
    /// One more agent joined.
    static void noteArrival(core::db::Transaction& tx);
};

} // namespace sites
