#include "core/http/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/URI.h>

#include "core/encoding.h"
#include "http_connect.h"
#include "http_tls.h"

namespace core::http {
namespace {
using Poco::Net::HTTPClientSession;
using Clock = std::chrono::steady_clock;

constexpr auto kIdleLimit = std::chrono::seconds(50);

/// Raised for what is about the answer as such, so that a kept connection that has died is told from a server
/// that has answered.
struct BadAnswer : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string readBody(std::istream& in, const Poco::Net::HTTPResponse& response, std::size_t most,
                     SteadyPoint deadline) {
    std::string body;
    std::array<char, 16384> buffer;
    while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
        body.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
        if (body.size() > most)
            throw BadAnswer("the answer is larger than " + std::to_string(most) + " bytes");
    }
    // A stream keeps what its socket throws to itself.
    if (in.bad() && Clock::now() >= deadline)
        throw Poco::TimeoutException();
    // Poco ends a body that was cut short like a whole one.
    if (response.hasContentLength() && static_cast<std::size_t>(response.getContentLength64()) != body.size())
        throw BadAnswer("the answer was cut short");
    return body;
}

bool isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

ClientResponse responseOf(const Poco::Net::HTTPResponse& in) {
    ClientResponse response;
    response.status = static_cast<int>(in.getStatus());
    response.contentType = in.getContentType();
    if (in.has("Retry-After")) {
        const auto& text = in.get("Retry-After");
        int value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} && value >= 0)
            response.retryAfter = std::chrono::seconds(std::min(value, 3600));
    }
    if (in.has("Date")) {
        Poco::DateTime date;
        int zone = 0;
        if (Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, in.get("Date"), date, zone))
            response.date = fromMicros(date.timestamp().epochMicroseconds());
    }
    return response;
}

std::string shown(const std::string& address) {
    std::string out;
    for (const char c : toUtf8(std::string_view(address).substr(0, 200)))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out;
}
} // namespace

void Interrupter::interrupt() noexcept {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (fd_ >= 0)
        ::shutdown(fd_, SHUT_RDWR);
}

void Interrupter::reset() noexcept {
    const std::lock_guard lock(mutex_);
    interrupted_ = false;
}

bool Interrupter::interrupted() const noexcept {
    const std::lock_guard lock(mutex_);
    return interrupted_;
}

bool Interrupter::attach(int fd) noexcept {
    const std::lock_guard lock(mutex_);
    fd_ = fd;
    return !interrupted_;
}

void Interrupter::detach() noexcept {
    const std::lock_guard lock(mutex_);
    fd_ = -1;
}

struct Client::State {
    ClientOptions options;
    Poco::URI uri;
    Destination to;
    std::optional<Proxy> proxy;
    Poco::Net::Context::Ptr context;
    std::mutex mutex;
    struct Idle {
        std::unique_ptr<HTTPClientSession> session;
        SteadyPoint since;
    };
    std::vector<Idle> idle;

    std::unique_ptr<HTTPClientSession> takeIdle() {
        const std::lock_guard lock(mutex);
        std::erase_if(idle, [](const Idle& one) { return Clock::now() - one.since > kIdleLimit; });
        if (idle.empty())
            return nullptr;
        auto session = std::move(idle.back().session);
        idle.pop_back();
        return session;
    }

    void giveBack(std::unique_ptr<HTTPClientSession> session) {
        const std::lock_guard lock(mutex);
        if (idle.size() < options.maxIdleConnections)
            idle.push_back({std::move(session), Clock::now()});
    }

    std::unique_ptr<HTTPClientSession> open(SteadyPoint deadline, Interrupter* interrupter) const {
        auto session = std::make_unique<HTTPClientSession>(
            openConnection(to, proxy, context, options.connectTimeout, deadline, interrupter));
        session->setKeepAlive(true);
        return session;
    }

    /// True in `keep` if the connection can serve another request.
    ClientResponse exchange(HTTPClientSession& session, const ClientRequest& request, SteadyPoint deadline,
                            Interrupter* interrupter, bool& keep) const {
        const InterruptibleSocket interruptible(interrupter, session.socket().impl()->sockfd());
        BoundedSocket::of(session.socket()).setDeadline(deadline);
        auto target = uri.getPath() + request.path;
        if (proxy && to.scheme == "http")
            target = "http://" + uri.getAuthority() + target;
        Poco::Net::HTTPRequest out(request.method, target, Poco::Net::HTTPMessage::HTTP_1_1);
        out.set("Host", uri.getAuthority());
        out.set("Accept", "application/json");
        if (!request.bearer.empty())
            out.set("Authorization", "Bearer " + request.bearer);
        if (!request.idempotencyKey.empty())
            out.set("Idempotency-Key", request.idempotencyKey);
        for (const auto& [name, value] : request.headers)
            out.set(name, value);
        if (request.method != "GET") {
            out.setContentType("application/json");
            out.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
        }
        auto& body = session.sendRequest(out);
        body.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
        body.flush();

        Poco::Net::HTTPResponse in;
        auto& stream = session.receiveResponse(in);
        auto response = responseOf(in);
        if (isRedirect(response.status))
            throw Error(errors::kRedirected, to.where + " sends its callers to " +
                                                 shown(in.get("Location", "another address")) +
                                                 "; redirects are not followed, so name the address that "
                                                 "answers itself");
        response.body = readBody(stream, in, options.maxBody, deadline);
        keep = in.getKeepAlive();
        return response;
    }
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>()) {
    auto& state = *state_;
    const auto refuse = [&] {
        throw Error(errors::kUnreachable,
                    options.url + " is no address of a server: it begins with https:// or http://");
    };
    try {
        state.uri = Poco::URI(options.url);
    } catch (const Poco::Exception&) {
        refuse();
    }
    const auto& scheme = state.uri.getScheme();
    if (state.uri.getHost().empty() || (scheme != "http" && scheme != "https") ||
        !state.uri.getUserInfo().empty())
        refuse();
    state.to = {scheme, state.uri.getHost(), state.uri.getPort(), scheme + "://" + state.uri.getAuthority()};
    if (scheme == "https")
        state.context = tls::makeContext(options.caFile);
    state.proxy = options.proxies.find(scheme, state.to.host, state.to.port);
    state.options = std::move(options);
}

Client::~Client() = default;

Result<ClientResponse> Client::send(const ClientRequest& request, Interrupter* interrupter) {
    const auto& where = state_->to.where;
    const auto interrupted = [&] { return interrupter != nullptr && interrupter->interrupted(); };
    const auto deadline = Clock::now() + request.timeout;
    for (bool retried = false;; retried = true) {
        auto session = retried ? nullptr : state_->takeIdle();
        const bool kept = session != nullptr;
        std::string reason;
        try {
            if (!kept)
                session = state_->open(deadline, interrupter);
            bool keep = false;
            auto response = state_->exchange(*session, request, deadline, interrupter, keep);
            if (keep)
                state_->giveBack(std::move(session));
            return response;
        } catch (const Interrupted&) {
            return Error(errors::kCallInterrupted, "The call was interrupted");
        } catch (const Error& error) {
            if (!interrupted())
                return error;
        } catch (const BadAnswer& error) {
            // The server has answered: asking again at once would get the same.
            if (!kept)
                return Error(errors::kUnreachable, where + ": " + error.what());
            reason = error.what();
        } catch (const Poco::TimeoutException&) {
            if (!interrupted())
                return Error(errors::kUnreachable, where + " did not answer in time");
        } catch (const Poco::Net::NoMessageException&) {
            reason = "the server closed the connection without an answer";
        } catch (const Poco::Net::MessageException&) {
            reason = "the answer is not HTTP; is the address https://, or is the port another?";
        } catch (const Poco::Net::HostNotFoundException&) {
            reason = "the connection broke"; // Poco tries to open it anew and knows no name
        } catch (const Poco::Exception& error) {
            reason = "the connection broke (" + error.displayText() + ")";
        } catch (const std::exception& error) {
            reason = error.what();
        }
        if (interrupted())
            return Error(errors::kCallInterrupted, "The call was interrupted");
        // A kept connection may have been closed by the server meanwhile.
        if (!kept)
            return Error(errors::kUnreachable, where + ": " + reason);
    }
}

} // namespace core::http
