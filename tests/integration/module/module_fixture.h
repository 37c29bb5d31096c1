#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "core/testing/test_log.h"
#include "module/module_set.h"

namespace core::module {

using State = ModuleRecord::State;
using testing::HasSubstr;

/// A folder into which sample modules are laid.
class ModuleTest : public testing::Test {
protected:
    static std::string manifest(const std::string& id, const std::string& dependencies = "{}",
                                const std::string& version = "1.0.0", int abi = kModuleAbi) {
        return R"({"id":")" + id + R"(","version":")" + version + R"(","abi":)" + std::to_string(abi) +
               R"(,"dependencies":)" + dependencies + "}";
    }
    /// The dependencies of a manifest: one module.
    static std::string needs(const std::string& id, const std::string& versions) {
        return "{\"" + id + "\":\"" + versions + "\"}";
    }
    std::filesystem::path lay(const std::string& sample, const std::string& text, const std::string& as = {},
                              const std::string& folder = "modules") {
        const std::string name = as.empty() ? sample : as;
        const auto library = dir.path() / folder / (name + ".so");
        std::filesystem::create_directories(library.parent_path());
        std::filesystem::copy_file(std::filesystem::path(AE_BUILD_DIR) / "tests/modules" / (sample + ".so"),
                                   library);
        std::filesystem::permissions(library, std::filesystem::perms(0755));
        if (!text.empty())
            layManifest(name, text, folder);
        return library;
    }
    void layManifest(const std::string& name, const std::string& text,
                     const std::string& folder = "modules") {
        const auto file = dir.path() / folder / (name + ".json");
        core::testkit::writeFile(file, text);
        std::filesystem::permissions(file, std::filesystem::perms(0644));
    }

    /// A manifest with pages: the text of its field.
    static std::string withPages(const std::string& id, const std::string& pages) {
        auto text = manifest(id);
        text.insert(text.size() - 1, R"(,"pages":)" + pages);
        return text;
    }
    /// One page of a manifest; `fields` follow those that are always good.
    static std::string page(const std::string& path = "list", const std::string& role = "viewer",
                            const std::string& fields = {}) {
        return R"({"path":")" + path + R"(","title":{"en":"List","de":"Liste"},"entry":"list.js","role":")" +
               role + '"' + (fields.empty() ? "" : "," + fields) + "}";
    }
    std::filesystem::path layWeb(const std::string& id, const std::string& file,
                                 const std::string& content = "export function mount() {}") {
        const auto path = dir.path() / "modules" / (id + ".web") / file;
        core::testkit::writeFile(path, content);
        for (auto each = path.parent_path(); each != dir / "modules"; each = each.parent_path())
            std::filesystem::permissions(each, std::filesystem::perms(0755));
        std::filesystem::permissions(path, std::filesystem::perms(0644));
        return path;
    }

    core::testkit::TempDir dir;
    core::testkit::TestLog log;
};

} // namespace core::module
