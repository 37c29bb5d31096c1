#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "integration/system/traffic.h"

namespace test {

/// What /openapi.json promises, and whether an answer keeps it.
class ApiDocument {
public:
    explicit ApiDocument(core::json::Value document) : document_(std::move(document)) {}

    struct Operation {
        std::string method; ///< upper case
        std::string path;   ///< the template
        const core::json::Value* object;
    };
    [[nodiscard]] std::vector<Operation> operations() const;
    /// What is wrong with an answer, one sentence each; empty if it is as promised.
    [[nodiscard]] std::vector<std::string> judge(const std::string& method, const std::string& path,
                                                 int status, const std::string& body) const;
    /// What is wrong with a value by a schema.
    void check(const core::json::Value& schema, const core::json::Value& value, const std::string& where,
               std::vector<std::string>& problems) const;

private:
    [[nodiscard]] const core::json::Value* find(const std::string& method, const std::string& path) const;
    core::json::Value document_;
};

struct ApiAnswer {
    int status = 0;
    std::map<std::string, std::string> headers; ///< names in lower case
    std::string body;
    core::json::Value json; ///< null if the body is none

    [[nodiscard]] std::string error() const { return json.stringOr("error"); }
    [[nodiscard]] std::string id() const { return json.stringOr("id"); }
    /// The pointers of a validation error's details.
    [[nodiscard]] std::vector<std::string> pointers() const;
};

/// Talks to the host, one connection a request, and holds every answer against the host's own document: what
/// does not fit fails the test.
class ApiClient {
public:
    /// `traffic` gets to know what was said.
    ApiClient(int port, std::shared_ptr<Traffic> traffic) : port_(port), traffic_(std::move(traffic)) {}

    /// `authorization` is the header's value, "" for none. Throws std::runtime_error if nobody answers.
    ApiAnswer send(const std::string& method, const std::string& path, const std::string& authorization,
                   const std::optional<std::string>& body = {},
                   const std::map<std::string, std::string>& headers = {});
    ApiAnswer get(const std::string& path, const std::string& token) {
        return send("GET", path, "Bearer " + token);
    }
    ApiAnswer send(const std::string& method, const std::string& path, const std::string& token,
                   const core::json::Object& body) {
        return send(method, path, "Bearer " + token, core::json::write(core::json::Value(body)));
    }
    ApiAnswer post(const std::string& path, const std::string& token, const core::json::Object& body) {
        return send("POST", path, token, body);
    }
    /// Sends these bytes, ends the sending side if asked to, and returns all that comes back.
    std::string raw(const std::string& bytes, bool endSending = false) const;

    const ApiDocument& document();

private:
    int port_;
    std::shared_ptr<Traffic> traffic_;
    std::shared_ptr<ApiDocument> document_;
};

} // namespace test
