#pragma once

#include "core/http/request.h"
#include "core/json.h"
#include "core/wire.h"

namespace restic {

/// What an agent says, so that nothing in it commands a terminal or turns a page's direction of writing,
/// whoever wrote the agent: see core::printable. Ends of lines and tabs stay in `message`, `hint` and
/// `stderr_tail`, which may have several lines.
core::json::Value printableTexts(const core::json::Value& said);

/// The body of an agent's request, with such texts. Throws as Request::json().
template <core::wire::detail::Declared T>
T saidByAgent(const core::http::Request& request) {
    return core::wire::read<T>(printableTexts(request.jsonBody())).value();
}

} // namespace restic
