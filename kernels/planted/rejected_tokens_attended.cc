// Defect:  the kernel object notes how far each page has been written and attends to all of it: the
//          note is never lowered, so tokens that were rejected after they were appended still
//          count.
// Real:    vllm-ascend pull request 14883 (lengths of later draft steps include rejected tokens).
// Trigger: append, rollback inside a page, attend; or a page that was freed and takes a copy.
// Killers: cache (rollback, program).
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

constexpr attest_kernel kDecode = cpu::paged_decode<float>("", "");

struct FillMarks {
  std::int64_t page_size = 0;
  std::vector<std::int32_t> filled;  ///< tokens per page
  int attends = 0;                   ///< since the last append

  void note(const attest_append& call) {
    attends = 0;
    if (page_size != call.page_size || filled.size() != static_cast<std::size_t>(call.num_pages)) {
      page_size = call.page_size;
      filled.assign(static_cast<std::size_t>(call.num_pages), 0);
    }
    for (std::int64_t token = 0; token < call.num_tokens; ++token) {
      const auto slot = cpu::element<std::int64_t>(call.slot_mapping, token);
      if (slot < 0 || slot / page_size >= call.num_pages) continue;
      std::int32_t& count = filled[static_cast<std::size_t>(slot / page_size)];
      const auto offset = static_cast<std::int32_t>(slot % page_size);
      count = offset == 0 ? 1 : std::max(count, offset + 1);  // a page begins anew at its start
    }
  }

  std::int32_t length(const attest_attend& call, std::int64_t b) const {
    const std::int32_t kv_len = call.kv_len.host[b];
    if (kv_len < 1 || call.page_size != page_size ||
        filled.size() != static_cast<std::size_t>(call.num_pages)) {
      return kv_len;
    }
    const auto last = static_cast<std::int32_t>((kv_len - 1) / page_size);
    const std::int32_t page = call.block_table.host[b * call.max_blocks + last];
    return std::max<std::int32_t>(kv_len,
                                  last * call.page_size + filled[static_cast<std::size_t>(page)]);
  }
};

/// The kernel's entry points; `self` is a FillMarks.
struct MarkedDecode {
  static attest_status create(void** self, attest_report*) {
    *self = new FillMarks;
    return ATTEST_OK;
  }
  static void destroy(void* self) { delete static_cast<FillMarks*>(self); }

  static attest_status append(void* self, const attest_append* call, attest_report* report) {
    const attest_status status = kDecode.append(nullptr, call, report);
    if (status == ATTEST_OK) static_cast<FillMarks*>(self)->note(*call);
    return status;
  }

  static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
    if (call->page_size < 1 || call->block_table.count == 0) {
      return kDecode.attend(nullptr, call, report);
    }
    auto& marks = *static_cast<FillMarks*>(self);
    std::vector<std::int32_t> lengths, starts;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      lengths.push_back(marks.length(*call, b));
      const std::int32_t more = lengths.back() - call->kv_len.host[b];
      starts.push_back(call->start_pos.host[b] + more);
      if (more != 0) defect_ran();
    }
    // A later attend may be over another cache. Two in a row, the check of a draft and the
    // step after it, are over the same.
    if (++marks.attends == 2) marks.filled.clear();
    attest_attend longer = *call;
    longer.kv_len.host = lengths.data();
    longer.start_pos.host = starts.data();
    return kDecode.attend(nullptr, &longer, report);
  }
};

constexpr attest_kernel with_marks() {
  attest_kernel kernel =
      cpu::paged_decode<float>("planted/rejected_tokens_attended",
                               "attends to all that was ever written into the last page");
  kernel.create = &MarkedDecode::create;
  kernel.destroy = &MarkedDecode::destroy;
  kernel.attend = &MarkedDecode::attend;
  kernel.append = &MarkedDecode::append;
  return kernel;
}

}  // namespace

constinit const attest_kernel rejected_tokens_attended = with_marks();

}  // namespace attest::kernels::planted
