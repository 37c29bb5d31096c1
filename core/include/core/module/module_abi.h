#pragma once

#include <cstddef>
#include <cstdint>

/// The boundary between host and module file: one C descriptor. Fields are only ever appended; `size` tells
/// how many exist.
namespace core {
class Module;
}

extern "C" {

struct core_module_requirement {
    const char* module;   ///< id of the module it needs
    const char* versions; ///< interval: "[1.0,2.0)"
};

struct core_module_descriptor {
    std::uint32_t size;
    std::uint32_t abi;
    const char* id;
    const char* version;
    const char* build_tag;
    const core_module_requirement* requirements;
    std::uint32_t requirement_count;
    core::Module* (*create)();
    void (*destroy)(core::Module*);
};

} // extern "C"

namespace core {

/// Changes whenever a module built before would misread the host. See docs/adr/0001.
inline constexpr std::uint32_t kModuleAbi = 1;

#if defined(__SANITIZE_ADDRESS__)
#define CORE_BUILD_SANITIZER "-asan"
#elif defined(__SANITIZE_THREAD__)
#define CORE_BUILD_SANITIZER "-tsan"
#else
#define CORE_BUILD_SANITIZER ""
#endif
#define CORE_STRINGIFY_(x) #x
#define CORE_STRINGIFY(x) CORE_STRINGIFY_(x)

/// Compiler, standard library ABI and whatever else changes the layout of shared types; not the build type.
inline constexpr const char* kBuildTag =
    "gcc" CORE_STRINGIFY(__GNUC__) "-cxx11abi" CORE_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) CORE_BUILD_SANITIZER;

/// The only symbol that a module exports.
inline constexpr const char* kModuleEntry = "core_module_v1";

} // namespace core

/// Writes a module's entry point. `requirements` is a static array of core_module_requirement, or nullptr.
#define CORE_MODULE(moduleId, moduleVersion, ModuleClass, requirementArray, requirementCount)                \
    extern "C" __attribute__((visibility("default"))) const core_module_descriptor* core_module_v1() {       \
        static const core_module_descriptor descriptor{sizeof(core_module_descriptor),                       \
                                                       core::kModuleAbi,                                     \
                                                       moduleId,                                             \
                                                       moduleVersion,                                        \
                                                       core::kBuildTag,                                      \
                                                       requirementArray,                                     \
                                                       requirementCount,                                     \
                                                       []() -> core::Module* { return new ModuleClass(); },  \
                                                       [](core::Module* module) { delete module; }};         \
        return &descriptor;                                                                                  \
    }
