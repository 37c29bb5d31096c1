#include "http/park.h"

namespace core::http {

using detail::ParkState;

ParkedRequest::ParkedRequest(std::shared_ptr<ParkState> state) : state_(std::move(state)) {}
ParkedRequest::ParkedRequest(const ParkedRequest&) = default;
ParkedRequest::ParkedRequest(ParkedRequest&&) noexcept = default;
ParkedRequest& ParkedRequest::operator=(const ParkedRequest&) = default;
ParkedRequest& ParkedRequest::operator=(ParkedRequest&&) noexcept = default;
ParkedRequest::~ParkedRequest() = default;

bool ParkedRequest::claim() {
    return state_->leaveWaiting(ParkState::Phase::claimed);
}

void ParkedRequest::answer(Response response) {
    state_->phase = ParkState::Phase::over;
    state_->deliver(std::move(response));
}

bool ParkedRequest::over() const {
    return state_->phase == ParkState::Phase::over;
}

} // namespace core::http
