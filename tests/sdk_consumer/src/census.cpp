#include "census.h"

#include "core/error.h"
#include "site_store.h"

namespace sites {

void Census::count() {
    sites_ = database_.read(core::SystemContext("census of sites"),
                            [](core::db::Transaction& tx) { return SiteStore::countAll(tx); });
}

void Census::check() const {
    if (std::filesystem::exists(closedFile_))
        throw core::Error(core::errors::kUnavailable,
                          "The sites are closed; remove the file closed from the module's folder.");
}

} // namespace sites
