#include "core/line_splitter.h"

#include <algorithm>

namespace core {

void LineSplitter::append(std::string_view part) {
    const auto room = limit_ - std::min(limit_, partial_.size());
    partial_.append(part.substr(0, room));
    cut_ = cut_ || part.size() > room;
}

std::string_view LineSplitter::take() {
    if (cut_)
        partial_.append(kCutMarker);
    else if (!partial_.empty() && partial_.back() == '\r')
        partial_.pop_back();
    return partial_;
}

} // namespace core
