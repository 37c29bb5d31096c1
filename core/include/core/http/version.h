#pragma once

#include <string>
#include <string_view>

#include "core/export.h"
#include "core/http/message.h"
#include "core/http/request.h"

namespace core::http {

/// The version of a thing that people edit, as the header ETag names it. `state` is what changes with each
/// edit: the time of the last one, or all that can be edited. Weak: what is shown beside it (a last run) may
/// differ.
CORE_EXPORT std::string versionTag(std::string_view state);

/// Adds the version to an answer. Returns it.
CORE_EXPORT Response withVersion(Response response, std::string_view state);

/// True if the request says by If-Match which version it changes. Then the row is to be locked before its
/// state is read, so that nobody changes it in between.
CORE_EXPORT bool namesVersion(const Request& request);

/// Throws errors::kPreconditionFailed if the request names versions by If-Match and `state` is none of them.
CORE_EXPORT void requireVersion(const Request& request, std::string_view state);

} // namespace core::http
