#include "restic/find_output.h"

namespace agent {

void FindOutput::take(std::string_view piece) {
    for (const char c : piece) {
        if (ended_)
            return;
        take(c);
    }
}

void FindOutput::keep(char c) {
    auto& text = depth_ > kHits ? hitText_ : objectText_;
    if (text.size() <= kMost)
        text += c;
}

void FindOutput::take(char c) {
    if (depth_ == 0) {
        // What else restic says stands on lines before the list.
        if (c == '[' && lineBegins_)
            depth_ = kList;
        lineBegins_ = c == '\n' || (lineBegins_ && (c == ' ' || c == '\t' || c == '\r'));
        return;
    }
    if (inString_) {
        keep(c);
        if (escaped_)
            escaped_ = false;
        else if (c == '\\')
            escaped_ = true;
        else if (c == '"')
            inString_ = false;
        return;
    }
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (opens)
        ++depth_;
    // Of the list only its objects are kept, of the hits only themselves: what opens belongs to what it
    // opens.
    if ((depth_ == kObject || depth_ > kHits) || (depth_ == kHits && (opens || closes)))
        keep(c);
    inString_ = c == '"';
    if (!closes)
        return;
    --depth_;
    if (depth_ == kHits) {
        if (hitText_.size() <= kMost)
            hit_(hitText_);
        hitText_.clear();
    } else if (depth_ == kList) {
        snapshot_(objectText_);
        objectText_.clear();
    } else if (depth_ == 0) {
        ended_ = true;
    }
}

} // namespace agent
