// Labels of where keys and values lie.
#include <set>

#include "properties/label_conditions.h"
#include "properties/labels.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::KvLayout;

template <KvLayout kLayout>
bool takes_layout(const KernelInfo& info) {
  return (info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(kLayout))) != 0;
}

template <KvLayout kLayout>
bool lies_in(const Case& value) {
  return value.storage.layout == kLayout;
}

bool paged_batches(const KernelInfo& info) {
  return takes_pages(info) && kernels::contains(info.capabilities.batch, 2);
}

template <int kSize>
bool takes_page(const KernelInfo& info) {
  return takes_pages(info) && kernels::contains(info.capabilities.page_size, kSize);
}

struct Table {
  std::set<std::int32_t> ids;
  std::size_t entries = 0;
  bool in_order = true;
};

Table table_of(const Case& value) {
  Table table;
  std::int32_t next = 0;
  for (const auto& row : value.storage.block_table) {
    for (const std::int32_t id : row) {
      table.in_order = table.in_order && id == next++;
      table.ids.insert(id);
      ++table.entries;
    }
  }
  return table;
}

constexpr Label kStorageLabels[] = {
    {"layout", "contiguous", takes_layout<KvLayout::kContiguous>, lies_in<KvLayout::kContiguous>},
    {"layout", "padded", takes_layout<KvLayout::kPadded>, lies_in<KvLayout::kPadded>},
    {"layout", "NHD", takes_layout<KvLayout::kPagedNHD>, lies_in<KvLayout::kPagedNHD>},
    {"layout", "HND", takes_layout<KvLayout::kPagedHND>, lies_in<KvLayout::kPagedHND>},
    {"layout", "interleaved", takes_layout<KvLayout::kPagedInterleaved>,
     lies_in<KvLayout::kPagedInterleaved>},
    {"layout", "x-split", takes_layout<KvLayout::kPagedXSplit>, lies_in<KvLayout::kPagedXSplit>},
    {"layout", "MLA latent", takes_layout<KvLayout::kMlaLatent>, lies_in<KvLayout::kMlaLatent>},
    {"gap", "after a sequence", takes_layout<KvLayout::kContiguous>,
     [](const Case& value) { return value.storage.gap_tokens > 0; }},
    {"page_size", "1", takes_page<1>,
     [](const Case& value) { return value.storage.page_size == 1; }},
    {"page_size", "odd", takes_page<3>,
     [](const Case& value) {
       return value.storage.page_size > 1 && value.storage.page_size % 2 == 1;
     }},
    {"page_size", "a power of two", takes_page<16>,
     [](const Case& value) {
       const std::int64_t size = value.storage.page_size;
       return size > 1 && (size & (size - 1)) == 0;
     }},
    {"pages", "in order", takes_pages,
     [](const Case& value) {
       const Table table = table_of(value);
       return table.in_order && table.entries > 1;
     }},
    {"pages", "shuffled", takes_pages, [](const Case& value) { return !table_of(value).in_order; }},
    {"free pages", "some", takes_pages,
     [](const Case& value) {
       return static_cast<std::int64_t>(table_of(value).ids.size()) < value.storage.num_pages;
     }},
    {"shared pages", "some", paged_batches,
     [](const Case& value) {
       const Table table = table_of(value);
       return table.ids.size() < table.entries;
     }},
    {"table tail", "some", takes_pages,
     [](const Case& value) {
       return problem::is_paged(value.storage.layout) && value.storage.extra_table_columns > 0;
     }},
};

}  // namespace

std::span<const Label> storage_labels() { return kStorageLabels; }

}  // namespace attest::properties
