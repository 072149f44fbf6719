#include "kernels/call_memory.h"

#include <algorithm>
#include <cstdint>
#include <functional>

#include "kernels/call_fields.h"
#include "kernels/launch.h"

namespace attest::kernels {
namespace {

/// Notes the memory of what call_fields.h names.
class Collector {
 public:
  Collector(const attest_conventions& conventions, std::vector<CallMemory>& all)
      : conventions_(conventions), all_(all) {}

  // What nobody wrote into a cache is poison, which is a content.
  void operator()(const char* name, const attest_tensor& tensor, bool written) const {
    if (tensor.data == nullptr) return;
    std::int64_t last = 0;
    for (int axis = 0; axis < tensor.rank; ++axis) {
      if (tensor.shape[axis] == 0) return;
      last += (tensor.shape[axis] - 1) * tensor.stride[axis];
    }
    const std::size_t size = element_size(tensor.dtype);
    const bool initialised = !written || conventions_.output_before == ATTEST_OUTPUT_ZEROED;
    all_.push_back({tensor.data, (static_cast<std::size_t>(last) + 1) * size, initialised, name});
  }
  void operator()(const char* name, const attest_ints& ints) const {
    if (ints.count == 0) return;
    const std::size_t bytes = static_cast<std::size_t>(ints.count) * sizeof(std::int32_t);
    all_.push_back({ints.device, bytes, true, name});
  }

  void workspace_of(const attest_attend& call) const {
    if (call.workspace_bytes == 0 || call.workspace == nullptr) return;
    all_.push_back({call.workspace, call.workspace_bytes,
                    conventions_.workspace_before != ATTEST_WORKSPACE_ANYTHING, "workspace"});
  }

 private:
  const attest_conventions& conventions_;
  std::vector<CallMemory>& all_;
};

void collect(Operation operation, const void* argument, const Collector& collector) {
  switch (operation) {
    case Operation::kQuit:
      return;
    case Operation::kSupports:
    case Operation::kPlan:
    case Operation::kAttend: {
      const auto& call = *static_cast<const attest_attend*>(argument);
      attend_fields(call, collector);
      return collector.workspace_of(call);
    }
    case Operation::kAttendPartial: {
      const auto& partial = *static_cast<const attest_attend_partial*>(argument);
      partial_fields(partial, collector);
      return collector.workspace_of(partial.call);
    }
    case Operation::kMerge: {
      const auto& merge = *static_cast<const attest_merge*>(argument);
      state_fields(merge.out, true, collector);
      for (std::int32_t s = 0; s < merge.num_states; ++s) {
        state_fields(merge.states[s], false, collector);
      }
      return;
    }
    case Operation::kAppend:
      return append_fields(*static_cast<const attest_append*>(argument), collector);
    case Operation::kAppendAttend: {
      const auto& both = *static_cast<const attest_append_attend*>(argument);
      append_attend_fields(both, collector);
      return collector.workspace_of(both.call);
    }
  }
}

}  // namespace

std::vector<CallMemory> call_memory(Operation operation, const void* argument,
                                    const attest_conventions& conventions) {
  std::vector<CallMemory> all;
  collect(operation, argument, Collector(conventions, all));
  std::stable_sort(all.begin(), all.end(), [](const CallMemory& a, const CallMemory& b) {
    return std::less<>{}(a.data, b.data);
  });
  std::vector<CallMemory> merged;
  for (const CallMemory& memory : all) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data);
    const std::uintptr_t last =
        merged.empty() ? 0 : reinterpret_cast<std::uintptr_t>(merged.back().data);
    if (merged.empty() || begin >= last + merged.back().bytes) {
      merged.push_back(memory);
      continue;
    }
    merged.back().bytes = std::max(merged.back().bytes, begin - last + memory.bytes);
    merged.back().initialised |= memory.initialised;
  }
  return merged;
}

}  // namespace attest::kernels
