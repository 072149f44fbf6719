#include "kernels/simt/check/modules.h"

#include <algorithm>
#include <cstddef>
#include <link.h>
#include <vector>

namespace attest::simt::check {

const char* own_module = nullptr;

namespace {

struct Segment {
  const char* begin;
  std::size_t bytes;
};
std::vector<Segment> segments;

int add_segments(dl_phdr_info* module, std::size_t, void*) {
  const auto* here = reinterpret_cast<const char*>(&add_segments);
  const char* lowest = nullptr;
  bool contains_this = false;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& header = module->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const auto* begin = reinterpret_cast<const char*>(module->dlpi_addr + header.p_vaddr);
    segments.push_back({begin, header.p_memsz});
    if (lowest == nullptr || begin < lowest) lowest = begin;
    if (static_cast<std::size_t>(here - begin) < header.p_memsz) contains_this = true;
  }
  if (contains_this) own_module = lowest;
  return 0;
}

}  // namespace

void refresh_modules() {
  segments.clear();
  dl_iterate_phdr(&add_segments, nullptr);
}

bool in_static_data(const void* p) {
  const auto* byte = static_cast<const char*>(p);
  return std::any_of(segments.begin(), segments.end(), [&](const Segment& segment) {
    return static_cast<std::size_t>(byte - segment.begin) < segment.bytes;
  });
}

}  // namespace attest::simt::check
