#include "http/tls_certificate.h"

#include <sys/stat.h>

namespace core::http {

TlsCertificate::TlsCertificate(TlsFiles files, const Clock& clock, Logger log)
    : files_(std::move(files)), clock_(clock), log_(std::move(log)), seen_(look()) {
    use(std::make_unique<TlsContext>(files_));
}

Certificate TlsCertificate::facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
}

void TlsCertificate::use(std::unique_ptr<TlsContext> context) {
    current_ = std::move(context);
    const auto facts = current_->certificate();
    if (const auto problem = certificateProblem(facts, clock_.now()))
        log_.warn("the TLS certificate has to be replaced",
                  {{"certificate", facts.subject}, {"problem", *problem}});
    const std::lock_guard lock(mutex_);
    facts_ = facts;
}

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
        use(std::make_unique<TlsContext>(files_));
        log_.info("the TLS certificate was read again",
                  {{"certificate", facts_.subject}, {"expires_at", formatInstant(facts_.expiresAt)}});
    } catch (...) {
        log_.error("the TLS certificate cannot be read again; the one before stays in use",
                   {{"error", messageOfCurrentException()}});
    }
}

} // namespace core::http
