#include "module/module_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include <dlfcn.h>
#include <elf.h>

#include <fmt/format.h>

#include "core/wire.h"
#include "module/version.h"

namespace core::module {

namespace fs = std::filesystem;

namespace {

struct ManifestText {
    std::string id;
    std::string version;
    std::int64_t abi = 0;
    std::map<std::string, std::string> dependencies;
    std::string description;
    std::vector<WebPage> pages;
};

std::optional<std::string> checkVersion(const std::string& text) {
    return Version::parse(text) ? std::nullopt : std::optional<std::string>("must be a version like 1.2.3");
}
std::optional<std::string> checkRange(const std::string& text) {
    return VersionRange::parse(text)
               ? std::nullopt
               : std::optional<std::string>("must be a range of versions like [1.0,2.0)");
}
std::optional<std::string> checkId(const std::string& text) {
    for (const char c : text)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return "must consist of a-z, 0-9 and _";
    return std::nullopt;
}

const wire::Type& wireType(const ManifestText*) {
    static const auto type =
        wire::object<ManifestText>("ModuleManifest", wire::strict)
            .field("id", &ManifestText::id, {.minLength = 1, .maxLength = 64, .check = checkId})
            .field("version", &ManifestText::version, {.check = checkVersion})
            .field("abi", &ManifestText::abi, {.min = 1})
            .field("dependencies", &ManifestText::dependencies, {.optional = true, .check = checkRange})
            .field("description", &ManifestText::description, {.optional = true})
            .field("pages", &ManifestText::pages, {.optional = true, .maxItems = 20})
            .build();
    return type;
}

std::string readAll(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void judgeArchitecture(const fs::path& library) {
    std::ifstream in(library, std::ios::binary);
    std::array<char, sizeof(Elf64_Ehdr)> bytes{};
    in.read(bytes.data(), bytes.size());
    Elf64_Ehdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (in.gcount() < static_cast<std::streamsize>(sizeof header) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        refuse(library, "is not a shared library");
#if defined(__x86_64__)
    constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "add this machine's ELF number"
#endif
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine)
        refuse(library,
               fmt::format("was built for another kind of machine (ELF machine {}, this one is {}); build it "
                           "for this one",
                           header.e_machine, kMachine));
    // Mapping a file that was cut short ends the process with SIGBUS; linkers write this table last.
    const auto end = header.e_shoff + std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_shoff == 0 || fs::file_size(library) < end)
        refuse(library, "is cut short; copy it again");
}

} // namespace

ModuleFile inspect(const fs::path& library, uid_t user) {
    judgeOwnership(library, FileKind::file, user);
    fs::path manifestPath = library;
    manifestPath.replace_extension(".json");
    if (!fs::exists(manifestPath))
        refuse(library, "has no manifest: " + manifestPath.filename().string() + " must be beside it");
    judgeOwnership(manifestPath, FileKind::file, user);
    const auto text = wire::parse<ManifestText>(readAll(manifestPath), {.maxBytes = 65536});
    if (!text)
        refuse(manifestPath, std::string("is not a valid manifest: ") + text.error().what());
    ModuleFile file{library,
                    {text.value().id,
                     text.value().version,
                     static_cast<std::uint32_t>(text.value().abi),
                     {},
                     text.value().description,
                     text.value().pages},
                    nullptr};
    for (const auto& [module, versions] : text.value().dependencies)
        file.manifest.dependencies.push_back({module, versions});
    if (file.manifest.abi != kModuleAbi)
        refuse(
            library,
            fmt::format("was built for module ABI {}, this host has ABI {}; build it again with the SDK of "
                        "this host",
                        file.manifest.abi, kModuleAbi));
    if (library.stem() != file.manifest.id)
        refuse(library,
               fmt::format("calls itself \"{}\" in its manifest; file and id must have the same name",
                           file.manifest.id));
    for (std::size_t i = 0; i < file.manifest.pages.size(); ++i)
        for (std::size_t other = 0; other < i; ++other)
            if (file.manifest.pages[i].path == file.manifest.pages[other].path)
                refuse(manifestPath,
                       fmt::format("is not a valid manifest: /pages/{}/path is \"{}\", as of another page", i,
                                   file.manifest.pages[i].path));
    judgeArchitecture(library);
    if (!file.manifest.pages.empty()) {
        fs::path folder = library;
        folder.replace_extension(".web");
        file.web = std::make_shared<const WebFolder>(readWebFolder(folder, file.manifest.pages));
    }
    return file;
}

std::shared_ptr<Module> load(const ModuleFile& file) {
    const fs::path& library = file.library;
    // RTLD_LOCAL: modules share nothing but what the host's library exports. Never closed: code of a module
    // may outlive it in exceptions, thread-locals and other modules' callbacks.
    void* handle = ::dlopen(fs::absolute(library).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        refuse(library, std::string("cannot be loaded: ") + ::dlerror());
    const auto entry = reinterpret_cast<const core_module_descriptor* (*)()>(::dlsym(handle, kModuleEntry));
    if (entry == nullptr)
        refuse(library, fmt::format("exports no {}; use the macro CORE_MODULE", kModuleEntry));
    const core_module_descriptor* descriptor = entry();
    if (descriptor == nullptr || descriptor->size < sizeof(core_module_descriptor))
        refuse(library, "has a descriptor that is too small; build it again with the SDK of this host");
    if (descriptor->abi != kModuleAbi)
        refuse(
            library,
            fmt::format("was built for module ABI {}, this host has ABI {}; build it again with the SDK of "
                        "this host",
                        descriptor->abi, kModuleAbi));
    if (std::string_view(descriptor->build_tag) != kBuildTag)
        refuse(library,
               fmt::format("was built as \"{}\", this host as \"{}\"; build it with the same compiler",
                           descriptor->build_tag, kBuildTag));
    if (file.manifest.id != descriptor->id || file.manifest.version != descriptor->version)
        refuse(library, fmt::format("is {} {}, its manifest says {} {}", descriptor->id, descriptor->version,
                                    file.manifest.id, file.manifest.version));
    for (std::size_t i = 0; i < descriptor->requirement_count; ++i) {
        const auto& [needed, versions] = descriptor->requirements[i];
        const bool said = std::any_of(
            file.manifest.dependencies.begin(), file.manifest.dependencies.end(),
            [&](const auto& named) { return named.module == needed && named.versions == versions; });
        if (!said)
            refuse(library, fmt::format("needs \"{}\" in version {}, which its manifest does not say", needed,
                                        versions));
    }
    Module* made = nullptr;
    try {
        made = descriptor->create();
    } catch (...) {
        refuse(library, "failed while it was created: " + describeCurrentException());
    }
    if (made == nullptr)
        refuse(library, "created no module");
    return {made, descriptor->destroy};
}

} // namespace core::module
