// Family paging: where pages lie, how large they are and who shares them is invisible.
#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "kernels/sparse_window.h"
#include "problem/kv_steps.h"
#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::KvStorage;
using problem::Verdict;

Verdict check_same_storage(const Scene& scene, const KvStorage& other, bool exact,
                           Harness& harness) {
  Scene moved = scene;
  moved.storage = other;
  moved.junk_seed = problem::derive_seed(scene.junk_seed, 2);
  if (!harness.supported(scene) || !harness.supported(moved))
    return Verdict::skipped("outside the declaration");
  const Run a = harness.attend(scene);
  if (a.failure) return *a.failure;
  const Run b = harness.attend(moved);
  if (b.failure) return *b.failure;
  return harness.same(scene, b.out, a.out, exact);
}

/// Renames every page: mirrored in a pool twice the size, so ids get high and neighbours part. The
/// table keeps its width, from which a kernel may choose its splits.
KvStorage relocated(const KvStorage& storage) {
  KvStorage moved = storage;
  moved.num_pages = storage.num_pages * 2 + 3;
  for (auto& row : moved.block_table) {
    for (auto& id : row)
      id = static_cast<std::int32_t>(moved.num_pages - 1 - 2 * static_cast<std::int64_t>(id));
  }
  return moved;
}

Verdict check_relocation(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  return check_same_storage(scene, relocated(scene.storage), repeats_bits_over_junk(harness.info()),
                            harness);
}

/// The same pages behind an offset of `boundary` elements, from the one that crosses it on; every
/// third stays at the begin of the pool. Nothing where ids, pages or windows are too small for
/// that.
std::optional<KvStorage> beyond(const Scene& scene, std::int64_t boundary) {
  const problem::CacheSteps steps = problem::cache_steps(scene.problem, scene.storage);
  if (!steps.v_in_k && steps.v.outer != steps.k.outer) return std::nullopt;
  std::vector<std::int32_t> pages;
  for (const auto& row : scene.storage.block_table)
    pages.insert(pages.end(), row.begin(), row.end());
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());

  const auto count = static_cast<std::int64_t>(pages.size());
  const std::int64_t page = steps.k.outer;
  const std::int64_t first = (boundary - 1) / page;
  const auto unit = static_cast<std::int64_t>(problem::size_of(scene.problem.k_dtype));
  constexpr auto kRoom =
      static_cast<std::int64_t>(kernels::SparseWindow::kIsland - 2 * kernels::SparseWindow::kLead);
  constexpr auto kMost = static_cast<std::int64_t>(16 * kernels::SparseWindow::kGiB);
  if ((count + 4) * page * unit > kRoom || boundary * unit > kMost) return std::nullopt;
  if (page * unit * 2 > static_cast<std::int64_t>(kernels::SparseWindow::kLead))
    return std::nullopt;
  if (first + count + 2 > std::numeric_limits<std::int32_t>::max()) return std::nullopt;

  KvStorage moved = scene.storage;
  moved.num_pages = first + count + 2;
  for (auto& row : moved.block_table) {
    for (auto& id : row) {
      const std::int64_t rank = std::lower_bound(pages.begin(), pages.end(), id) - pages.begin();
      id = static_cast<std::int32_t>(rank % 3 == 1 ? rank : first + rank);
    }
  }
  return moved;
}

Verdict check_high_ids(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  if (!harness.session().arena().has_windows())
    return Verdict::skipped("the system does not give 32 GiB of address space");
  Verdict result = Verdict::skipped("pages too small or too large for offsets of 2^31 elements");
  for (const int bits : {31, 32}) {
    const auto moved = beyond(scene, std::int64_t{1} << bits);
    if (!moved) continue;
    Verdict verdict =
        check_same_storage(scene, *moved, repeats_bits_over_junk(harness.info()), harness);
    if (verdict.failed()) {
      verdict.message = "pages behind 2^" + std::to_string(bits) + " elements: " + verdict.message;
      return verdict;
    }
    add_pass(verdict, result);
  }
  return result;
}

/// One page step for K and V, and pages of more than one element, so that ids of 31 bits reach.
void with_equal_pages(const kernels::KernelInfo& info, Case& value) {
  auto& problem = value.problem();
  auto& strides = value.storage.strides;
  if (!problem.v_is_k_prefix) problem.head_dim_v = problem.head_dim_qk;
  const auto equal = [&] {
    const problem::CacheSteps steps = problem::cache_steps(problem, value.storage);
    return steps.v_in_k || steps.v.outer == steps.k.outer;
  };
  if (!equal()) strides.v = strides.k;
  if (!equal()) strides.k = strides.v = {};
  const bool single =
      problem.head_dim_qk == 1 && kernels::contains(info.capabilities.head_dim_qk, 8);
  if (single && !problem.v_is_k_prefix) problem.head_dim_qk = problem.head_dim_v = 8;
}

Verdict check_page_size(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  Verdict result = Verdict::skipped("no other page size");
  for (const std::int64_t page : {1, 3, 4, 16, 32}) {
    if (page == scene.storage.page_size ||
        !kernels::contains(harness.info().capabilities.page_size, page))
      continue;
    Verdict verdict = check_same_storage(
        scene, plain_storage(scene.problem, scene.storage.layout, page), false, harness);
    if (verdict.failed()) {
      verdict.message = "pages of " + std::to_string(page) + ": " + verdict.message;
      return verdict;
    }
    add_pass(verdict, result);
  }
  return result;
}

/// The next of the declared layouts that can hold the problem, going round from `from`.
std::optional<problem::KvStorage> in_another_layout(const kernels::KernelInfo& info,
                                                    const Scene& scene) {
  const auto from = static_cast<int>(scene.storage.layout);
  for (int step = 1; step < problem::kNumKvLayouts; ++step) {
    const auto layout = static_cast<problem::KvLayout>((from + step) % problem::kNumKvLayouts);
    const problem::KvStorage storage = plain_storage(
        scene.problem, layout, problem::is_paged(layout) ? scene.storage.page_size : 0);
    if (problem::find_error(scene.problem, storage)) continue;
    if (!kernels::unsupported(info, scene.problem, storage)) return storage;
  }
  return std::nullopt;
}

Verdict check_layout(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  const auto other = in_another_layout(harness.info(), scene);
  if (!other) return Verdict::skipped("no other layout for it");
  return check_same_storage(scene, *other, false, harness);
}

Verdict check_shared_prefix(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  std::vector<std::int32_t> ids;
  for (const auto& row : scene.storage.block_table) ids.insert(ids.end(), row.begin(), row.end());
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) == ids.end())
    return Verdict::skipped("no shared page");
  // A cascade kernel may treat a shared prefix on its own; then neighbours decide the order of
  // summation. plain_storage gives every sequence pages of its own with the same contents.
  const bool exact = repeats_bits_over_junk(harness.info()) &&
                     harness.info().promised(ATTEST_PROMISE_BATCH_INVARIANT);
  return check_same_storage(
      scene, plain_storage(scene.problem, scene.storage.layout, scene.storage.page_size), exact,
      harness);
}

/// Another one than a latent cache, which no other layout can hold.
bool takes_layouts(const kernels::KernelInfo& info) {
  const std::uint32_t others =
      info.capabilities.layouts & ~ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_MLA_LATENT);
  return is_paged_kernel(info) && (others & (others - 1)) != 0;
}
bool takes_page_sizes(const kernels::KernelInfo& info) {
  return is_paged_kernel(info) && info.capabilities.page_size.count != 1;
}

}  // namespace

std::span<const Property> paging_family() {
  static const Property family[] = {
      {.id = "paging.relocation",
       .claim = "renaming and moving pages changes nothing",
       .kills = "one_page_too_many, page_index_per_outer_loop",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_paged_kernel,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.paged = true}); },
       .check = check_relocation},
      {.id = "paging.high_ids",
       .claim = "pages whose offsets pass 2^31 and 2^32 elements are pages like others",
       .kills = "int32_page_offset",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_paged_kernel,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.paged = true},
                          [info](Draw&, Case& value) { with_equal_pages(info, value); });
           },
       .check = check_high_ids},
      {.id = "paging.page_size",
       .claim = "the same tokens in pages of another size give the same result",
       .kills = "page_floor_drops_tail, one_page_too_many, short_kv_tile_unmasked, "
                "last_group_unbounded, page_wider_than_tile, neighbour_page",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_page_sizes,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.paged = true}); },
       .check = check_page_size},
      {.id = "paging.layout",
       .claim = "the same tokens in another layout give the same result",
       .kills = "page_wider_than_tile, x_split_order",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_layouts,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.paged = true}); },
       .check = check_layout},
      {.id = "paging.shared_prefix",
       .claim = "two sequences that share pages get what they would get from copies",
       .kills = "one_page_too_many, page_index_per_outer_loop",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_paged_kernel,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.paged = true, .many_sequences = true, .shared_pages = true});
           },
       .check = check_shared_prefix},
  };
  return family;
}

}  // namespace attest::properties
