#include "core/error.h"

#include <Poco/Exception.h>

namespace core {

Error::Error(const ErrorKind& kind, const std::string& message, std::vector<Problem> details)
    : std::runtime_error(message), kind_(&kind), details_(std::move(details)) {}

Error::~Error() = default;

Error& Error::withDetail(std::string detail) {
    detail_ = std::move(detail);
    return *this;
}

std::string messageOfCurrentException() {
    try {
        throw;
    } catch (const Error& error) {
        return error.what();
    } catch (...) {
        return describeCurrentException();
    }
}

std::string describeCurrentException() {
    try {
        throw;
    } catch (const Error& e) {
        std::string text = std::string(e.name()) + ": " + e.what();
        if (!e.detail().empty())
            text += " [" + e.detail() + "]";
        return text;
    } catch (const Poco::Exception& e) {
        return e.displayText();
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

} // namespace core
