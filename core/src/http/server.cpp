#include "http/server.h"

#include "http/loop.h"

namespace core::http {

Server::Server(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
               Logger log)
    : loop_(std::make_shared<Loop>(std::move(options), router, dispatcher, clock, std::move(log))) {}

Server::~Server() {
    if (!stop())
        loop_->leak();
}

void Server::bind() {
    loop_->bind();
}
void Server::start() {
    loop_->start();
}
std::uint16_t Server::port() const noexcept {
    return loop_->port();
}
const std::vector<std::string>& Server::addresses() const noexcept {
    return loop_->addresses();
}
void Server::reloadCertificate() {
    loop_->reloadCertificate();
}
bool Server::stop() {
    return loop_->stop();
}
ServerStats Server::stats() const noexcept {
    return loop_->stats();
}

std::optional<Certificate> Server::certificate() const {
    return loop_->certificate();
}
std::vector<PoolStats> Server::pools() const {
    return loop_->pools();
}

} // namespace core::http
