#pragma once

#include <openssl/x509.h>

#include "core/certificate.h"

namespace core {

/// The subject of a certificate, as RFC 2253 writes it. Poco's own form cuts it at 255 bytes.
std::string subjectOf(const X509* certificate);
/// A certificate in memory, which stays its owner's.
Certificate certificateOf(X509* certificate);

} // namespace core
