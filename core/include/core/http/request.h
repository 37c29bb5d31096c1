#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/export.h"
#include "core/http/message.h"
#include "core/http/principal.h"
#include "core/tenancy.h"
#include "core/wire.h"

namespace core::http {

/// Who a client is by a certificate that it has shown and that the host's CA for clients has signed.
struct ClientCertificate {
    std::string subject;     ///< as RFC 2253 writes it: "CN=agent-7,O=Example"
    std::string fingerprint; ///< SHA-256 of the certificate, in lower-case hexadecimal
};

/// One complete request as a handler sees it: head and body are there, credentials and permission are judged,
/// body and query have the declared shape. One thread at a time.
class CORE_EXPORT Request {
public:
    std::string method;
    std::string path;  ///< as sent, without the query
    std::string query; ///< as sent, without "?"
    Headers headers;
    std::string body;
    /// The client's IP address: the peer's, or what trusted proxies say of it; "unix" for a program of this
    /// machine that uses a socket file and says nothing.
    std::string remoteAddress;
    std::string requestId;
    bool secure = false; ///< arrived by TLS, here or at a trusted proxy
    std::shared_ptr<const ClientCertificate> clientCertificate;      ///< null: the client has shown none
    std::vector<std::pair<std::string, std::string>> pathParameters; ///< percent-decoded
    std::optional<Principal> caller;
    std::shared_ptr<AuditTrail> auditTrail;
    std::shared_ptr<std::optional<Response>> kept; ///< set by the host where answers are kept

    /// A `{name}` of the route's pattern. Throws core::Error(kInternal) if the pattern has no such name.
    [[nodiscard]] const std::string& parameter(std::string_view name) const;
    /// The same as a UUID; text that is none is `missing` (there is nothing with such an id).
    [[nodiscard]] Uuid uuidParameter(std::string_view name,
                                     const ErrorKind& missing = errors::kNotFound) const;

    /// The verified caller; only on routes that are not open.
    [[nodiscard]] const Principal& principal() const;
    /// The caller's tenant, with this request's audit trail. Throws kForbidden for a caller without a tenant.
    [[nodiscard]] TenantContext tenant() const;
    /// For work across tenants, with this request's audit trail.
    [[nodiscard]] SystemContext system(std::string reason) const;
    /// Where a handler names the object that it changes.
    [[nodiscard]] AuditTrail& audit() const { return *auditTrail; }

    /// Names the answer inside the unit of work that makes the change, so that both become durable together:
    /// a repetition with the same Idempotency-Key is given it even if this host dies before it is sent.
    /// Returns it. Without it the answer is kept a moment after the commit.
    Response keep(Response answer) const;

    /// The body as T; none is the empty object. Throws kMalformed, kUnsupportedMedia or kValidation.
    template <wire::detail::Declared T>
    [[nodiscard]] T json() const {
        return wire::read<T>(jsonBody()).value();
    }
    /// The query parameters as T, whose fields are scalars or lists of scalars; throws kValidation.
    template <wire::detail::Declared T>
    [[nodiscard]] T queryAs() const {
        T object{};
        readQuery(wire::typeOf<T>(), &object);
        return object;
    }
    /// A cookie's value.
    [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;

    /// The body before a type reads it; none is the empty object. Throws kMalformed, kUnsupportedMedia.
    [[nodiscard]] json::Value jsonBody() const;

private:
    void readQuery(const wire::Type& type, void* object) const;
};

} // namespace core::http
