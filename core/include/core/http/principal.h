#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/export.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wakeups.h"

namespace core::http {

/// The roles, each including the one before.
enum class Role { viewer, operator_, admin };
CORE_EXPORT std::string_view roleName(Role role) noexcept;
CORE_EXPORT std::optional<Role> parseRole(std::string_view text) noexcept;

enum class PrincipalKind { user, apiToken, agent, registration };
CORE_EXPORT std::string_view principalKindName(PrincipalKind kind) noexcept;

/// Who is calling, as verified.
struct Principal {
    PrincipalKind kind = PrincipalKind::user;
    Uuid id;                     ///< of the user, token or agent
    std::string name;            ///< for the audit log: e-mail address, token name, host name
    std::optional<Uuid> tenant;  ///< the active tenant; none for a system token
    std::optional<Role> role;    ///< of people and API tokens
    bool system = false;         ///< may do what crosses tenants
    std::optional<Uuid> session; ///< of a person who signed in
};

/// What the caller sent to prove who they are.
struct Credentials {
    enum class Scheme { bearer, basic, agentKey };
    Scheme scheme = Scheme::bearer;
    std::string secret; ///< the token, or the password of basic
    std::string user;   ///< of basic
};

/// Verifies one family of tokens. Called concurrently, may block on the database.
class CORE_EXPORT Authenticator {
public:
    struct Verified {
        Principal principal;
        /// Until when the answer may be remembered.
        Instant validUntil;
    };
    virtual ~Authenticator();
    /// nullopt: this token is of another family. An error: it is of this family and not valid.
    virtual std::optional<Result<Verified>> authenticate(const Credentials& credentials) = 0;
};

/// All authenticators, and a bounded memory of verified tokens (by their SHA-256), so that a request costs no
/// query and no signature. Thread-safe.
class CORE_EXPORT Authentication {
public:
    explicit Authentication(const Clock& clock, std::size_t remembered = 20000);
    ~Authentication();

    void add(std::shared_ptr<Authenticator> authenticator);
    /// From now on credentials that no authenticator knows are answered kUnavailable, with `reason`: whoever
    /// would verify them is not there, so nobody can say that they are not valid. "" ends it.
    void setIncomplete(std::string reason);
    /// The principal; or kInvalidToken (or the authenticator's own error).
    Result<Principal> authenticate(const Credentials& credentials);
    /// Drops what is remembered of one user, token, agent or session, here and on the other hosts: call after
    /// the commit that revokes it.
    void forget(const Uuid& revoked);
    /// From now on other hosts are told what forget() drops, and this one is told by them. To be called once,
    /// before any authenticate(); the object must outlive this one's use.
    void share(Wakeups& wakeups);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace core::http
