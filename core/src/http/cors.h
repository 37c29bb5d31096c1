#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/http/request.h"
#include "http/router.h"

namespace core::http {

/// Lets scripts of the listed origins read answers (the fetch standard's CORS). Cookies are never allowed to
/// them: such a script signs in for itself and sends its token. Immutable.
class Cors {
public:
    /// Exact origins: "https://monitor.example.org". Throws core::Error(kValidation) for what is none, such
    /// as
    /// "*" or one with a path. None: no answer says anything about origins.
    explicit Cors(std::vector<std::string> origins);

    /// The answer to a browser's question before the real request, which carries no credentials; nullopt if
    /// this is none, or if nobody may ask.
    [[nodiscard]] std::optional<Response> preflight(const Request& request, const Router::Match& match) const;
    /// Says in the answer who may read it. `origin`: the request's, nullptr without one.
    void mark(const std::string* origin, Response& response) const;

    /// False: no answer says anything about origins.
    [[nodiscard]] bool listed() const noexcept { return !origins_.empty(); }

    /// Whether the origin is one of the list.
    [[nodiscard]] bool admits(const std::string& origin) const;

private:
    std::vector<std::string> origins_;
};

} // namespace core::http
