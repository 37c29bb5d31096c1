#include "import/v0_source.h"

#include <fstream>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "import/v0_database.h"

namespace restic {

namespace fs = std::filesystem;

namespace {
constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
    throw core::Error(core::errors::kValidation, core::printable(file.string()) + " " + why);
}

/// targets.json: a list, or an object with one.
class V0Json final : public V0Source {
public:
    explicit V0Json(const fs::path& file) {
        std::error_code error;
        if (fs::file_size(file, error) > kMostJsonBytes || error)
            refuse(file, "is too large for a targets.json");
        std::ifstream in(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const auto document = core::json::parse(text, {.maxBytes = kMostJsonBytes});
        if (!document)
            refuse(file, fmt::format("is neither a v0 database nor JSON: {}", document.error().what()));
        const auto* list = document.value().array();
        if (const auto* named = list == nullptr ? document.value().find("targets") : nullptr)
            list = named->array();
        if (list == nullptr)
            refuse(file, R"(is no targets.json: it must be a list, or {"targets": […]})");
        if (list->size() > kMostTargets)
            refuse(file, fmt::format("has more than {} targets", kMostTargets));
        for (const auto& item : *list) // what is no object has no name, and is reported as that
            targets_.push_back(item.object() != nullptr ? *item.object() : V0Row());
    }
    std::string kind() const override { return "targets.json"; }
    std::vector<V0Row> targets() override { return targets_; }
    V0History snapshots(std::int64_t) override { return {}; }
    V0History checks(std::int64_t) override { return {}; }
    std::int64_t orphans() override { return 0; }

private:
    std::vector<V0Row> targets_;
};
} // namespace

std::unique_ptr<V0Source> V0Source::open(const fs::path& file) {
    std::error_code error;
    const auto status = fs::status(file, error);
    if (!fs::exists(status))
        refuse(file, "is not there");
    if (!fs::is_regular_file(status))
        refuse(file, "is no file");
    std::ifstream in(file, std::ios::binary);
    if (!in)
        refuse(file, "cannot be read");
    std::string head(kSqliteMagic.size(), '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (in.gcount() == static_cast<std::streamsize>(head.size()) && head == kSqliteMagic)
        return std::make_unique<V0Database>(file);
    return std::make_unique<V0Json>(file);
}

} // namespace restic
