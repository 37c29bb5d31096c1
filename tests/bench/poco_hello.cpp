// The yardstick of the HTTP benchmarks: Poco's own server saying hello in JSON, with nothing around it.
//
//   poco_hello                  plain HTTP
//   poco_hello DATABASE         opens that first: the least that a start of the host can cost
//   poco_hello CERTIFICATE KEY  TLS, with buffers released when they are empty
#include <csignal>
#include <iostream>
#include <memory>

#include <openssl/ssl.h>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

namespace {

class Hello final : public Poco::Net::HTTPRequestHandler {
public:
    void handleRequest(Poco::Net::HTTPServerRequest&, Poco::Net::HTTPServerResponse& response) override {
        static const std::string body = R"({"status":"ok","message":"hello"})";
        response.setContentType("application/json");
        response.sendBuffer(body.data(), body.size());
    }
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
        return new Hello;
    }
};

} // namespace

int main(int argc, char** argv) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::unique_ptr<Poco::Data::Session> database;
    if (argc == 2) {
        Poco::Data::SQLite::Connector::registerConnector();
        database = std::make_unique<Poco::Data::Session>("SQLite", argv[1]);
        *database << "SELECT count(*) FROM schema_migrations", Poco::Data::Keywords::now;
    }
    const Poco::Net::SocketAddress address("127.0.0.1", 0);
    Poco::Net::ServerSocket socket;
    if (argc == 3) {
        const Poco::Net::Context::Ptr context =
            new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, argv[2], argv[1], "");
        ::SSL_CTX_set_mode(context->sslContext(), SSL_MODE_RELEASE_BUFFERS);
        socket = Poco::Net::SecureServerSocket(address, 4096, context);
    } else {
        socket = Poco::Net::ServerSocket(address, 4096);
    }
    constexpr int kThreads = 2500; // one for each connection that any benchmark makes
    Poco::ThreadPool pool(2, kThreads);
    Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
    parameters->setMaxThreads(kThreads);
    parameters->setMaxQueued(kThreads);
    parameters->setKeepAlive(true);
    parameters->setKeepAliveTimeout(Poco::Timespan(600, 0));
    parameters->setMaxKeepAliveRequests(0);
    Poco::Net::HTTPServer server(new Factory, pool, socket, parameters);
    server.start();
    std::cout << socket.address().port() << std::endl;
    int signal = 0;
    sigwait(&set, &signal);
    server.stopAll(true);
}
