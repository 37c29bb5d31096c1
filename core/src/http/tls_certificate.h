#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/log.h"
#include "http/tls_context.h"

namespace core::http {

/// The certificate that new connections get, and its replacement while the host runs. Connections that are
/// open keep theirs. One thread.
class TlsCertificate {
public:
    /// Throws core::Error(kUnavailable) if the files cannot be used.
    TlsCertificate(TlsFiles files, Logger log);

    [[nodiscard]] const TlsContext& current() const noexcept { return *current_; }
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

    TlsFiles files_;
    Logger log_;
    Stamps seen_;
    std::unique_ptr<TlsContext> current_;
};

} // namespace core::http
