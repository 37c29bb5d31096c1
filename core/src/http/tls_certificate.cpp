#include "http/tls_certificate.h"

#include <sys/stat.h>

namespace core::http {

TlsCertificate::TlsCertificate(TlsFiles files, Logger log)
    : files_(std::move(files)), log_(std::move(log)), seen_(look()),
      current_(std::make_unique<TlsContext>(files_)) {}

TlsCertificate::Stamps TlsCertificate::look() const {
    Stamps stamps;
    const std::array paths{&files_.certificate, &files_.key, &files_.clientCa};
    for (std::size_t i = 0; i < paths.size(); ++i) {
        struct stat found {};
        if (!paths[i]->empty() && ::stat(paths[i]->c_str(), &found) == 0)
            stamps[i] = {found.st_dev, found.st_ino, found.st_size,
                         found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
    }
    return stamps;
}

void TlsCertificate::refresh() {
    if (look() != seen_)
        reload();
}

void TlsCertificate::reload() {
    // Before they are read: what changes meanwhile is seen the next time.
    seen_ = look();
    try {
        current_ = std::make_unique<TlsContext>(files_);
        log_.info("the TLS certificate was read again", {{"certificate", current_->describe()}});
    } catch (...) {
        log_.error("the TLS certificate cannot be read again; the one before stays in use",
                   {{"error", messageOfCurrentException()}});
    }
}

} // namespace core::http
