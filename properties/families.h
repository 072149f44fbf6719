// One function per property family, each in the file of its name. A new family: add its file, its
// line here and in property.cc.
#pragma once

#include <algorithm>
#include <span>

#include "properties/property.h"

namespace attest::properties {

std::span<const Property> oracle_family();
std::span<const Property> causality_family();
std::span<const Property> window_family();
std::span<const Property> padding_family();
std::span<const Property> chunking_family();
std::span<const Property> monoid_family();
std::span<const Property> partition_family();
std::span<const Property> paging_family();
std::span<const Property> batch_family();
std::span<const Property> heads_family();
std::span<const Property> algebra_family();
std::span<const Property> memory_family();
std::span<const Property> cache_family();  // cache_programs.cc
std::span<const Property> determinism_family();
std::span<const Property> refusal_family();

// What families ask of a declaration again and again.

inline bool can_attend(const kernels::KernelInfo& info) { return info.can(ATTEST_OP_ATTEND); }
inline bool is_paged_kernel(const kernels::KernelInfo& info) {
  constexpr std::uint32_t kUnpaged =
      ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS) | ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PADDED);
  return can_attend(info) && (info.capabilities.layouts & ~kUnpaged) != 0;
}
/// Merges (o, lse) states: the only format the harness makes and reads.
inline bool merges_states(const kernels::KernelInfo& info) {
  return info.can(ATTEST_OP_MERGE) && info.conventions.state_format == ATTEST_STATE_O_LSE;
}
inline bool repeats_bits(const kernels::KernelInfo& info) {
  return info.promised(ATTEST_PROMISE_RUN_TO_RUN);
}
/// Whether two calls that differ only in what unused slots hold give the same bits. Not so when the
/// kernel asks for finite contents: then it may read them and weigh them with 0, in sums of another
/// shape. (They must not reach its maximum: a large one would wipe out what is visible.)
inline bool repeats_bits_over_junk(const kernels::KernelInfo& info) {
  return repeats_bits(info) && info.conventions.unused_slots != ATTEST_SLOTS_FINITE;
}

/// Adds the verdict of one part of a check to that of the whole: a pass counts with the worst
/// severity so far, anything else leaves the whole as it was. Failures are the caller's to return.
inline void add_pass(const problem::Verdict& part, problem::Verdict& whole) {
  if (part.status != problem::Status::kPass) return;
  const double worst = std::max(part.severity, whole.severity);
  whole = part;
  whole.severity = worst;
}

}  // namespace attest::properties
