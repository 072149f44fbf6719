// Defect:  a decode step that continues the last one (same batch, every length one more) goes on
//          with the table rows it kept and takes only new columns from the call. A page that was
//          copied because others use it too, or given back and replaced, is missed.
// Real:    vLLM-metax pull request 224 (update_block_table leaves slices of the old table in
//          place); vLLM-2080Ti-Definitive pull request 183 (graph replay over old metadata).
// Trigger: attend, fork, append, attend.
// Killers: cache (fork, program).
#include <cstdint>
#include <vector>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

constexpr attest_kernel kCorrect = cpu::paged_decode<float>("", "");

struct KeptTable {
  std::int64_t page_size = 0, num_pages = 0;
  std::vector<std::int32_t> lengths;
  std::vector<std::vector<std::int32_t>> rows;
  bool appended = false;  ///< since the last attend

  bool continues(const attest_attend& call) const {
    if (!appended || call.page_size != page_size || call.num_pages != num_pages) return false;
    if (static_cast<std::size_t>(call.batch) != lengths.size()) return false;
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      if (call.kv_len.host[b] != lengths[b] + 1) return false;
    }
    return true;
  }

  void keep(const attest_attend& call) {
    const bool goes_on = continues(call);
    rows.resize(static_cast<std::size_t>(call.batch));
    lengths.assign(call.kv_len.host, call.kv_len.host + call.batch);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      if (!goes_on) rows[b].clear();
      const auto pages = (lengths[b] + call.page_size - 1) / call.page_size;
      const std::int32_t* given =
          call.block_table.host + static_cast<std::int64_t>(b) * call.max_blocks;
      for (std::int32_t column = 0; column < pages; ++column) {
        const auto at = static_cast<std::size_t>(column);
        if (at == rows[b].size()) rows[b].push_back(given[column]);
        if (rows[b][at] != given[column]) defect_ran();
      }
    }
    page_size = call.page_size;
    num_pages = call.num_pages;
    appended = false;
  }
};

attest_status create(void** self, attest_report*) {
  *self = new KeptTable;
  return ATTEST_OK;
}
void destroy(void* self) { delete static_cast<KeptTable*>(self); }

attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  if (call->page_size < 1 || call->block_table.count == 0) {
    return kCorrect.attend(nullptr, call, report);
  }
  auto& kept = *static_cast<KeptTable*>(self);
  kept.keep(*call);
  attest_attend with_kept = *call;
  const auto columns = static_cast<std::size_t>(call->max_blocks);
  std::vector<std::int32_t> table(call->block_table.host,
                                  call->block_table.host + columns * kept.rows.size());
  for (std::size_t b = 0; b < kept.rows.size(); ++b) {
    for (std::size_t i = 0; i < kept.rows[b].size(); ++i) table[b * columns + i] = kept.rows[b][i];
  }
  with_kept.block_table.host = table.data();
  return kCorrect.attend(nullptr, &with_kept, report);
}

attest_status append(void* self, const attest_append* call, attest_report* report) {
  static_cast<KeptTable*>(self)->appended = true;
  return kCorrect.append(nullptr, call, report);
}

constexpr attest_kernel with_kept_table() {
  attest_kernel kernel = cpu::paged_decode<float>(
      "planted/block_table_kept", "a decode step goes on with the table rows of the last one");
  kernel.create = &create;
  kernel.destroy = &destroy;
  kernel.attend = &attend;
  kernel.append = &append;
  return kernel;
}

}  // namespace

constinit const attest_kernel block_table_kept = with_kept_table();

}  // namespace attest::kernels::planted
