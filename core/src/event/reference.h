#pragma once

#include <string>

#include "core/event/catalogue.h"
#include "core/export.h"
#include "core/json.h"

namespace core::event {

/// The catalogue for programs: module, key, name, doc, cross_host, durable and the JSON schema of each event.
CORE_EXPORT json::Value describe(const Catalogue& catalogue);
/// The same as a Markdown document: docs/events.md.
CORE_EXPORT std::string reference(const Catalogue& catalogue);

} // namespace core::event
