#include "kernels/library.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <dlfcn.h>

#include <fmt/format.h>

#include "kernels/builtin.h"
#include "kernels/info_checks.h"
#include "kernels/kernel_info.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

// A name without a slash would be looked up in the system's library folders.
std::string file_of(const std::string& path) {
  return path.find('/') == std::string::npos ? "./" + path : path;
}

std::string loader_message() {
  const char* message = dlerror();
  return printable(message != nullptr ? message : "unknown reason");
}

bool is_named(const attest_kernel& kernel, const std::string& name) {
  return kernel.name != nullptr &&
         name == std::string_view(kernel.name, strnlen(kernel.name, kMaxNameLength + 1));
}

}  // namespace

std::vector<const attest_kernel*> load_library(const std::string& path) {
  void* library = dlopen(file_of(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw ContractError("cannot be loaded: " + loader_message());
  const auto entry = reinterpret_cast<attest_kernels_fn>(dlsym(library, "attest_kernels"));
  if (entry == nullptr)
    throw ContractError("is no kernel plug-in: it does not export attest_kernels");
  std::size_t count = 0;
  const attest_kernel* first = entry(ATTEST_ABI_VERSION, &count);
  if (first == nullptr) {
    throw ContractError(fmt::format("was built for another ABI: attest_kernels({}) returned NULL",
                                    ATTEST_ABI_VERSION));
  }
  if (count == 0) throw ContractError("exports no kernels");
  if (count > kMaxKernels) {
    throw ContractError(
        fmt::format("exports {} kernels, at most {} are possible", count, kMaxKernels));
  }
  // The plug-in's own idea of the struct's size is also the distance of its array's elements.
  const std::uint32_t size = first->struct_size;
  complete(*first);
  if (size % alignof(attest_kernel) != 0) {
    throw ContractError(fmt::format("kernels[0].struct_size = {}: not a multiple of {}", size,
                                    alignof(attest_kernel)));
  }
  std::vector<const attest_kernel*> kernels;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* kernel = reinterpret_cast<const attest_kernel*>(
        reinterpret_cast<const std::byte*>(first) + i * size);
    if (kernel->struct_size != size) {
      throw ContractError(
          fmt::format("kernels[{}].struct_size = {}, but kernels[0].struct_size = {}", i,
                      kernel->struct_size, size));
    }
    kernels.push_back(kernel);
  }
  return kernels;
}

const attest_kernel* load_kernel(const std::string& library, const std::string& name) {
  if (library.empty()) {
    for (const attest_kernel* kernel : builtin_kernels()) {
      if (is_named(*kernel, name)) return kernel;
    }
  } else {
    for (const attest_kernel* kernel : load_library(library)) {
      if (is_named(*kernel, name)) return kernel;
    }
  }
  throw ContractError(fmt::format("has no kernel named '{}'", printable(name)));
}

void* find_symbol(const std::string& library, const char* symbol) {
  void* loaded = dlopen(file_of(library).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  return loaded == nullptr ? nullptr : dlsym(loaded, symbol);
}

std::int32_t** find_defect_mark(const std::string& library) {
  if (library.empty()) return nullptr;
  return static_cast<std::int32_t**>(find_symbol(library, "attest_defect_mark"));
}

}  // namespace attest::kernels
