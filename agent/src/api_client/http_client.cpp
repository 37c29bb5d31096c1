#include "api_client/http_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/RejectCertificateHandler.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/URI.h>

namespace agent {
namespace {
using Poco::Net::HTTPClientSession;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxBody = 8U << 20U;
constexpr std::size_t kMaxIdleSessions = 4;
constexpr auto kIdleLimit = std::chrono::seconds(50);
constexpr auto kConnectTimeout = std::chrono::milliseconds(10000);

Poco::Timespan timespan(std::chrono::milliseconds time) {
    return Poco::Timespan(std::chrono::microseconds(time).count());
}

/// Raised for what is about the connection only, so that a kept connection that has died is told from a
/// server that has answered.
struct Truncated : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string readBody(std::istream& in, const Poco::Net::HTTPResponse& response) {
    std::string body;
    std::array<char, 16384> buffer;
    while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
        body.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
        if (body.size() > kMaxBody)
            throw Truncated("the answer is too large");
    }
    // Poco ends a body that was cut short like a whole one.
    if (response.hasContentLength() && static_cast<std::size_t>(response.getContentLength64()) != body.size())
        throw Truncated("the answer was cut short");
    return body;
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

struct HttpClient::State {
    Poco::URI uri;
    Poco::Net::Context::Ptr context;
    std::mutex mutex;
    struct Idle {
        std::unique_ptr<HTTPClientSession> session;
        SteadyClock::time_point since;
    };
    std::vector<Idle> idle;

    std::unique_ptr<HTTPClientSession> takeIdle() {
        const std::lock_guard lock(mutex);
        std::erase_if(idle, [](const Idle& one) { return SteadyClock::now() - one.since > kIdleLimit; });
        if (idle.empty())
            return nullptr;
        auto session = std::move(idle.back().session);
        idle.pop_back();
        return session;
    }

    void giveBack(std::unique_ptr<HTTPClientSession> session) {
        const std::lock_guard lock(mutex);
        if (idle.size() < kMaxIdleSessions)
            idle.push_back({std::move(session), SteadyClock::now()});
    }

    std::unique_ptr<HTTPClientSession> open() const {
        std::unique_ptr<HTTPClientSession> session;
        if (context.isNull())
            session = std::make_unique<HTTPClientSession>(uri.getHost(), uri.getPort());
        else
            session = std::make_unique<Poco::Net::HTTPSClientSession>(uri.getHost(), uri.getPort(), context);
        session->setKeepAlive(true);
        session->setKeepAliveTimeout(timespan(kIdleLimit));
        return session;
    }

    HttpResponse exchange(HTTPClientSession& session, const HttpRequest& request,
                          Interrupter* interrupter) const {
        session.setTimeout(timespan(kConnectTimeout), timespan(request.timeout), timespan(request.timeout));
        Poco::Net::HTTPRequest out(request.method, uri.getPath() + request.path,
                                   Poco::Net::HTTPMessage::HTTP_1_1);
        out.set("Accept", "application/json");
        if (!request.bearer.empty())
            out.set("Authorization", "Bearer " + request.bearer);
        if (!request.idempotencyKey.empty())
            out.set("Idempotency-Key", request.idempotencyKey);
        if (request.method != "GET") {
            out.setContentType("application/json");
            out.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
        }
        auto& body = session.sendRequest(out);
        struct Attachment {
            Interrupter* interrupter;
            ~Attachment() {
                if (interrupter != nullptr)
                    interrupter->detach();
            }
        };
        const Attachment attachment{interrupter};
        if (interrupter != nullptr && !interrupter->attach(session.socket().impl()->sockfd()))
            throw Truncated("interrupted");
        body.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
        body.flush();

        Poco::Net::HTTPResponse in;
        auto& stream = session.receiveResponse(in);
        HttpResponse response;
        response.status = static_cast<int>(in.getStatus());
        response.body = readBody(stream, in);
        if (in.has("Retry-After")) {
            const auto& text = in.get("Retry-After");
            int value = 0;
            if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} &&
                value >= 0)
                response.retryAfter = std::chrono::seconds(std::min(value, 3600));
        }
        if (in.has("Date")) {
            Poco::DateTime date;
            int zone = 0;
            if (Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, in.get("Date"), date, zone))
                response.date = core::fromMicros(date.timestamp().epochMicroseconds());
        }
        if (!in.getKeepAlive())
            session.reset();
        return response;
    }
};

HttpClient::HttpClient(const std::string& url, const std::string& caCert)
    : state_(std::make_unique<State>()) {
    using Poco::Net::Context;
    try {
        state_->uri = Poco::URI(url);
        if (state_->uri.getHost().empty() ||
            (state_->uri.getScheme() != "http" && state_->uri.getScheme() != "https"))
            throw core::Error(errors::kUnreachable,
                              url + " is no address of a server: it begins with https:// or http://");
        if (state_->uri.getScheme() == "https") {
            // Relaxed would take any name in the certificate of a server on this machine.
            state_->context = new Context(Context::TLS_CLIENT_USE, "", "", caCert, Context::VERIFY_STRICT, 9,
                                          caCert.empty(), "HIGH:!aNULL:!MD5");
            state_->context->requireMinimumProtocol(Context::PROTO_TLSV1_3);
            Poco::Net::SSLManager::instance().initializeClient(
                nullptr, new Poco::Net::RejectCertificateHandler(false), state_->context);
        }
    } catch (const Poco::Exception& error) {
        throw core::Error(errors::kUntrusted, caCert.empty()
                                                  ? url + " is no address of a server"
                                                  : "The CA certificate " + caCert + " cannot be used")
            .withDetail(error.displayText());
    }
}

HttpClient::~HttpClient() = default;

core::Result<HttpResponse> HttpClient::send(const HttpRequest& request, Interrupter* interrupter) {
    const auto where = state_->uri.getScheme() + "://" + state_->uri.getAuthority();
    for (bool retried = false;; retried = true) {
        auto session = retried ? nullptr : state_->takeIdle();
        const bool kept = session != nullptr;
        if (!kept)
            session = state_->open();
        if (interrupter != nullptr && interrupter->interrupted())
            return core::Error(errors::kInterruptedCall, "The call was interrupted");
        std::string reason;
        try {
            auto response = state_->exchange(*session, request, interrupter);
            state_->giveBack(std::move(session));
            return response;
        } catch (const Poco::Net::SSLException& error) {
            if (!(interrupter != nullptr && interrupter->interrupted()) && !kept)
                return core::Error(errors::kUntrusted,
                                   "The certificate of " + where + " is not trusted, or TLS failed")
                    .withDetail(error.displayText());
            reason = "the connection broke";
        } catch (const Poco::TimeoutException&) {
            if (!kept)
                return core::Error(errors::kUnreachable, where + " did not answer in time");
            reason = "no answer in time";
        } catch (const Poco::Net::HostNotFoundException&) {
            return core::Error(errors::kUnreachable, where + ": there is no host of this name");
        } catch (const Poco::Net::ConnectionRefusedException&) {
            return core::Error(errors::kUnreachable, where + " refuses connections");
        } catch (const Poco::Net::NoMessageException&) {
            reason = "the server closed the connection without an answer";
        } catch (const Poco::Exception& error) {
            reason = error.displayText();
        } catch (const std::exception& error) {
            reason = error.what();
        }
        if (interrupter != nullptr && interrupter->interrupted())
            return core::Error(errors::kInterruptedCall, "The call was interrupted");
        // A kept connection may have been closed by the server meanwhile. Every call of the agent may be
        // repeated, so a new connection gets it once more.
        if (!kept)
            return core::Error(errors::kUnreachable, where + ": " + reason);
    }
}

} // namespace agent
