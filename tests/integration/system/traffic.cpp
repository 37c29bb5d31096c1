#include "integration/system/traffic.h"

#include <fmt/format.h>

#include "support/secret_fields.h"

namespace test {

namespace {

void blank(std::string& text, const std::string& word) {
    if (word.size() < Canaries::kShortest)
        return;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at))
        text.replace(at, word.size(), "(given out)");
}

/// An agent is given the tasks that it is to do, with what it needs for them.
bool handsOutTasks(const std::string& method, const std::string& path) {
    return method == "GET" && path.starts_with("/api/v1/restic/agents/") &&
           path.substr(0, path.find('?')).ends_with("/tasks");
}

} // namespace

void Traffic::judge(const std::string& where, const std::string& text) {
    const auto found = canaries_.in(text);
    const std::lock_guard lock(mutex_);
    for (const auto& secret : found)
        complaints_.push_back(fmt::format("the secret \"{}\" stands in {}", secret, where));
}

void Traffic::note(const std::string& method, const std::string& path, const std::string& authorization,
                   const std::string& request, int status, const std::string& answer) {
    constexpr std::string_view kBearer = "Bearer ";
    if (authorization.starts_with(kBearer) && status != 0 && status != 401)
        canaries_.add(authorization.substr(kBearer.size()));
    const auto asked = core::json::parse(request);
    if (asked.ok())
        eachSecret(asked.value(), [&](const std::string& value) { canaries_.add(value); });
    if (status == 0)
        return;

    // What an answer gives out is given out once, in a field that says so, for something that was done.
    auto rest = answer;
    const auto answered = core::json::parse(answer);
    const bool gives = method != "GET" && status / 100 == 2;
    if (answered.ok() && gives)
        eachSecret(answered.value(), [&](const std::string& value) { blank(rest, value); });
    if (!handsOutTasks(method, path))
        judge(fmt::format("the answer to {} {}: {}", method, path, rest.substr(0, 500)), rest);
    if (answered.ok() && gives)
        eachSecret(answered.value(), [&](const std::string& value) { canaries_.add(value); });

    constexpr std::string_view kRepositories = "/api/v1/restic/repositories";
    const bool registers = (method == "POST" && path == kRepositories) ||
                           (method == "PUT" && path.starts_with(std::string(kRepositories) + "/"));
    if (!registers || status / 100 != 2 || !asked.ok() || asked.value().stringOr("type") != "local")
        return;
    const auto& body = asked.value();
    const auto* config = body.find("config");
    const std::lock_guard lock(mutex_);
    auto& known = repositories_[answered.value().stringOr("id")];
    auto folder = body.stringOr("url");
    if (folder.empty() && config != nullptr)
        folder = config->stringOr("path");
    if (!folder.empty())
        known.folder = folder;
    if (const auto password = body.stringOr("password"); !password.empty())
        known.password = password;
}

void Traffic::noteCommand(const std::string& output, const std::string& error) {
    auto rest = output;
    const auto said = core::json::parse(output);
    if (said.ok())
        eachSecret(said.value(), [&](const std::string& value) { blank(rest, value); });
    judge("what a command of the host says", rest + error);
    if (said.ok())
        eachSecret(said.value(), [&](const std::string& value) { canaries_.add(value); });
}

void Traffic::opens(const std::string& repository, const std::string& password) {
    const std::lock_guard lock(mutex_);
    repositories_.at(repository).password = password;
}

std::map<std::string, Traffic::Repository> Traffic::repositories() const {
    const std::lock_guard lock(mutex_);
    return repositories_;
}

std::vector<std::string> Traffic::complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
}

} // namespace test
