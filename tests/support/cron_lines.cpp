// The project's schedules for tests in other languages: of each line
// "key<TAB>zone<TAB>from<TAB>count<TAB>expression" the next instants, with a space between them, or "refused:
// " with the reason.
#include <iostream>
#include <string>
#include <vector>

#include "core/cron.h"
#include "core/time.h"

namespace {

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields{""};
    for (const char c : line)
        if (c == '\t')
            fields.emplace_back();
        else
            fields.back() += c;
    return fields;
}

std::string answer(const std::vector<std::string>& fields) {
    if (fields.size() != 5)
        return "refused: a line has five fields";
    const auto cron = core::Cron::parse(fields[4], fields[0]);
    if (!cron)
        return std::string("refused: ") + cron.error().what();
    const auto* zone = core::findTimeZone(fields[1]);
    auto at = core::parseInstant(fields[2]);
    if (zone == nullptr || !at)
        return "refused: no such zone or time";
    std::string all;
    for (int left = std::stoi(fields[3]); left > 0; --left) {
        at = cron.value().next(*at, *zone);
        if (!at)
            break;
        all += (all.empty() ? "" : " ") + core::formatInstant(*at);
    }
    return all;
}

} // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);)
        std::cout << answer(split(line)) << '\n';
    return 0;
}
