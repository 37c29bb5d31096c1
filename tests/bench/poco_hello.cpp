// The yardstick of the HTTP benchmarks: Poco's own server saying hello in JSON, with nothing around it. With
// the path of a database as argument it opens that first: the least that a start of the host can cost.
#include <csignal>
#include <iostream>
#include <memory>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
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
    if (argc > 1) {
        Poco::Data::SQLite::Connector::registerConnector();
        database = std::make_unique<Poco::Data::Session>("SQLite", argv[1]);
        *database << "SELECT count(*) FROM schema_migrations", Poco::Data::Keywords::now;
    }
    Poco::ThreadPool pool(2, 300);
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
    parameters->setMaxThreads(300);
    parameters->setKeepAlive(true);
    parameters->setMaxKeepAliveRequests(0);
    Poco::Net::HTTPServer server(new Factory, pool, socket, parameters);
    server.start();
    std::cout << socket.address().port() << std::endl;
    int signal = 0;
    sigwait(&set, &signal);
    server.stopAll(true);
}
