#include "engine.h"

#include <memory>

#include <curl/curl.h>

#include "connection.h"

namespace docker {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;

constexpr std::size_t kMostBody = 64U << 20U;
constexpr long kQuiet = 600; // seconds without a byte of a download

struct Transfer {
    std::function<bool(std::string_view)> sink;
    const std::function<void()>* alive = nullptr;
    std::function<bool()> stopped;
    std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();
    CURL* handle = nullptr;
    std::string error; // the body of an answer that is a failure
    bool refused = false;
};

std::size_t receive(char* data, std::size_t, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    const std::string_view piece(data, count);
    if (status >= 300) {
        if (transfer.error.size() < kMostBody)
            transfer.error += piece;
        return count;
    }
    if (transfer.sink(piece))
        return count;
    transfer.refused = true;
    return 0;
}

int tick(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(context);
    const auto now = std::chrono::steady_clock::now();
    if (*transfer.alive && now - transfer.told > std::chrono::seconds(1)) {
        transfer.told = now;
        (*transfer.alive)();
    }
    return transfer.stopped && transfer.stopped() ? 1 : 0;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

Handle prepare(const std::string& socket, const std::string& path, Transfer& transfer) {
    static const auto ready = curl_global_init(CURL_GLOBAL_NOTHING);
    Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
    if (!handle)
        throw Failure("There is no memory for a call to the Docker engine");
    auto* curl = handle.get();
    transfer.handle = curl;
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, ("http://docker" + path).c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &tick);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    return handle;
}

long perform(const Handle& handle, const Transfer& transfer, const std::string& socket) {
    const auto code = curl_easy_perform(handle.get());
    if (transfer.refused)
        return 0;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        throw Failure("The step was ended before it was done");
    if (code == CURLE_COULDNT_CONNECT) {
        (void)connectTo(socket); // says why
        throw Failure("The Docker engine at " + socket + " cannot be reached");
    }
    if (code == CURLE_OPERATION_TIMEDOUT)
        throw Failure("The Docker engine at " + socket + " gave no answer in time",
                      "Look at its log: journalctl -u docker");
    if (code != CURLE_OK)
        throw Failure("The Docker engine at " + socket + " broke off its answer: " + curl_easy_strerror(code),
                      "Look at its log: journalctl -u docker");
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
}
} // namespace

std::string Engine::Answer::message() const {
    const auto document = Json::parse(body, nullptr, false);
    if (document.is_object() && document.contains("message") && document["message"].is_string())
        return document["message"].get<std::string>();
    return body.empty() ? "status " + std::to_string(status) : body.substr(0, 500);
}

Json Engine::Answer::json() const {
    auto document = Json::parse(body, nullptr, false);
    if (document.is_discarded())
        throw Failure("The Docker engine gave an answer that is no JSON",
                      "Check the setting socket: something else may listen there");
    return document;
}

Engine::Engine(std::string socket, std::function<void()> alive)
    : socket_(std::move(socket)), alive_(std::move(alive)) {
    (void)connectTo(socket_); // says precisely what is wrong
    const auto version = get("/version");
    if (!version.is_object() || !version.contains("ApiVersion") || !version["ApiVersion"].is_string())
        throw Failure("What listens at " + socket_ + " is no Docker engine", "Check the setting socket");
    // An engine answers in its own version at least.
    prefix_ = "/v" + version["ApiVersion"].get<std::string>();
    version_ = version.value("Version", std::string());
}

Engine::Answer Engine::call(const std::string& method, const std::string& path,
                            const std::optional<Json>& body, std::chrono::seconds timeout) const {
    Answer answer;
    Transfer transfer;
    transfer.alive = &alive_;
    transfer.sink = [&](std::string_view piece) {
        answer.body += piece;
        return answer.body.size() <= kMostBody;
    };
    const auto handle = prepare(socket_, prefix_ + path, transfer);
    curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, static_cast<long>(timeout.count()));
    const auto text = body ? body->dump(-1, ' ', false, Json::error_handler_t::replace) : std::string();
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all);
    if (method == "POST") {
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text.size()));
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, text.c_str());
        if (body)
            curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    }
    answer.status = perform(handle, transfer, socket_);
    if (transfer.refused)
        throw Failure("The Docker engine gave an answer of more than 64 MiB");
    if (!transfer.error.empty())
        answer.body = transfer.error;
    return answer;
}

std::optional<Json> Engine::find(const std::string& path) const {
    const auto answer = call("GET", path);
    if (answer.status == 404)
        return std::nullopt;
    if (!answer.ok())
        throw Failure("The Docker engine refused " + path + ": " + answer.message());
    return answer.json();
}

Json Engine::get(const std::string& path) const {
    auto found = find(path);
    if (!found)
        throw Failure("The Docker engine does not know " + path);
    return std::move(*found);
}

Json Engine::post(const std::string& path, const Json& body, const std::string& doing) const {
    const auto answer = call("POST", path, body);
    if (!answer.ok())
        throw Failure(doing + " was refused by the Docker engine: " + answer.message());
    return answer.body.empty() ? Json::object() : answer.json();
}

void Engine::download(const std::string& path, const std::function<bool(std::string_view)>& sink,
                      const std::function<bool()>& stopped) const {
    Transfer transfer;
    transfer.alive = &alive_;
    transfer.sink = sink;
    transfer.stopped = stopped;
    const auto handle = prepare(socket_, prefix_ + path, transfer);
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, kQuiet);
    const auto status = perform(handle, transfer, socket_);
    if (transfer.refused)
        throw Failure("The dump cannot be written any further");
    if (status != 200)
        throw Failure("The Docker engine refused to read files: " + Answer{status, transfer.error}.message());
}

std::string Engine::escaped(const std::string& name) {
    const std::unique_ptr<char, decltype(&curl_free)> text(
        curl_easy_escape(nullptr, name.c_str(), static_cast<int>(name.size())), &curl_free);
    return text ? text.get() : std::string();
}

} // namespace docker
