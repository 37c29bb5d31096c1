#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/export.h"
#include "core/time.h"

namespace core {

/// What an X.509 certificate says of itself.
struct Certificate {
    std::string subject; ///< as RFC 2253 writes it
    Instant validFrom, expiresAt;
};

/// The certificates of a PEM file, at least one, in the file's order. An error (kUnavailable) names the file.
CORE_EXPORT Result<std::vector<Certificate>> readCertificates(const std::filesystem::path& file);

/// Why a certificate must be replaced, as a sentence about "it": it is not valid yet, it has ended, or it
/// ends within two weeks, when what renews certificates by itself has been failing for a while. nullopt
/// otherwise.
CORE_EXPORT std::optional<std::string> certificateProblem(const Certificate& certificate, Instant now);

} // namespace core
