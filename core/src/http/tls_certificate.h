#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/log.h"
#include "http/tls_context.h"

namespace core::http {

/// The certificate that new connections get, and its replacement while the host runs. Connections that are
/// open keep theirs. One thread, except for facts().
class TlsCertificate {
public:
    /// Throws core::Error(kUnavailable) if the files cannot be used.
    TlsCertificate(TlsFiles files, const Clock& clock, Logger log);

    [[nodiscard]] const TlsContext& current() const noexcept { return *current_; }
    /// What current() says of itself. Thread-safe.
    [[nodiscard]] Certificate facts() const;
    /// Reads the files again if one of them has changed since they were read last. Files that cannot be used
    /// change nothing; the log says why.
    void refresh();
    /// Reads the files again in any case.
    void reload();

private:
    /// What tells one state of a file from another without reading it.
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t size = -1, modifiedNs = 0;
        bool operator==(const Stamp&) const = default;
    };
    using Stamps = std::array<Stamp, 3>;
    [[nodiscard]] Stamps look() const;
    void use(std::unique_ptr<TlsContext> context);

    TlsFiles files_;
    const Clock& clock_;
    Logger log_;
    Stamps seen_;
    std::unique_ptr<TlsContext> current_;
    mutable std::mutex mutex_;
    Certificate facts_; // with mutex_
};

} // namespace core::http
