// Loaded before the host by LD_PRELOAD: new fails where the test says so.
#include "fault/failing_allocations.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

test::FailingAllocations* control = nullptr;

__attribute__((constructor)) void open() {
    const char* file = std::getenv(test::kFailingAllocations);
    const int fd = file == nullptr ? -1 : ::open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void* mapped =
        ::mmap(nullptr, sizeof(test::FailingAllocations), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped != MAP_FAILED)
        control = static_cast<test::FailingAllocations*>(mapped);
}

bool runsHandlers() {
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    return std::strcmp(name, "http-fast") == 0 || std::strcmp(name, "http-blocking") == 0;
}

/// Spreads numbers: of a handler that makes as many allocations each time not always the same one fails.
std::uint64_t spread(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

bool fails() {
    if (control == nullptr)
        return false;
    const auto every = control->every.load();
    if ((every == 0 && control->countdown.load() <= 0) || !runsHandlers())
        return false;
    if ((every > 0 &&
         spread(static_cast<std::uint64_t>(++control->seen)) % static_cast<std::uint64_t>(every) == 0) ||
        (control->countdown.load() > 0 && --control->countdown == 0)) {
        ++control->failed;
        return true;
    }
    return false;
}

void* allocate(std::size_t bytes) {
    return fails() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}

} // namespace

void* operator new(std::size_t bytes) {
    void* memory = allocate(bytes);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
    return allocate(bytes);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
