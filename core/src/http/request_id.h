#pragma once

#include <string>

#include "core/http/message.h"
#include "core/time.h"

namespace core::http {

/// What a request is called in logs, audit and answer: the X-Request-Id of a trusted proxy if it is 1 to 64
/// characters of printable ASCII without blanks, else a new one. What other clients call it is not used: they
/// could give two requests one name.
std::string requestIdFor(const Headers& headers, bool trusted, const Clock& clock);

} // namespace core::http
