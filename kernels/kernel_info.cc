#include "kernels/kernel_info.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/info_checks.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

// Copies what the declaration has and leaves the rest zero. Structs inside attest_kernel keep their
// place, so they can be shorter than ours but not longer.
template <typename Struct>
Struct copy_embedded(const Struct& from, const char* field, bool may_be_absent) {
  Struct to{};
  if (from.struct_size == 0 && may_be_absent) {
    if (std::memcmp(&from, &to, sizeof(Struct)) == 0) return to;
  }
  if (from.struct_size < sizeof(std::uint32_t) || from.struct_size > sizeof(Struct)) {
    throw ContractError(fmt::format("{}.struct_size = {}: must be sizeof the struct, here {}",
                                    field, from.struct_size, sizeof(Struct)));
  }
  std::memcpy(&to, &from, from.struct_size);
  return to;
}

// attest_numerics once ended before product_bits, and whatever follows it in attest_kernel began
// there. A kernel of today's shape is longer than that: it ends behind a function.
constexpr std::size_t kFirstNumerics = offsetof(attest_numerics, product_bits);
constexpr std::size_t kBeforeFunctions =
    offsetof(attest_kernel, numerics) + sizeof(attest_numerics);
constexpr std::size_t kFirstBeforeFunctions = offsetof(attest_kernel, numerics) + kFirstNumerics;
static_assert(offsetof(attest_kernel, create) == kBeforeFunctions);
static_assert(sizeof(attest_kernel) - kBeforeFunctions + kFirstBeforeFunctions <= kBeforeFunctions);

attest_kernel copy_declared(const attest_kernel& from) {
  attest_kernel to{};
  if (from.struct_size > kBeforeFunctions) {
    std::memcpy(&to, &from, std::min<std::size_t>(from.struct_size, sizeof(attest_kernel)));
    return to;
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(&from);
  std::memcpy(&to, bytes, std::min<std::size_t>(from.struct_size, kFirstBeforeFunctions));
  if (from.struct_size > kFirstBeforeFunctions) {
    const std::size_t functions = from.struct_size - kFirstBeforeFunctions;
    std::memcpy(reinterpret_cast<std::byte*>(&to) + kBeforeFunctions, bytes + kFirstBeforeFunctions,
                std::min(functions, sizeof(attest_kernel) - kBeforeFunctions));
  }
  if (to.numerics.struct_size > kFirstNumerics) {
    throw ContractError(
        fmt::format("struct_size = {}: too short for its numerics of numerics.struct_size = {}",
                    from.struct_size, to.numerics.struct_size));
  }
  return to;
}

void check_functions(const attest_kernel& kernel) {
  const auto need = [&](std::uint32_t bit, const char* operation, bool present) {
    if ((kernel.operations & bit) != 0 && !present) {
      throw ContractError(
          fmt::format("operations has ATTEST_OP_{}, but the function is NULL", operation));
    }
  };
  need(ATTEST_OP_ATTEND, "ATTEND", kernel.attend != nullptr);
  need(ATTEST_OP_ATTEND_PARTIAL, "ATTEND_PARTIAL", kernel.attend_partial != nullptr);
  need(ATTEST_OP_MERGE, "MERGE", kernel.merge != nullptr);
  need(ATTEST_OP_APPEND, "APPEND", kernel.append != nullptr);
  need(ATTEST_OP_APPEND_ATTEND, "APPEND_ATTEND", kernel.append_attend != nullptr);
  if (kernel.destroy != nullptr && kernel.create == nullptr) {
    throw ContractError("destroy is set, but create is NULL");
  }
}

}  // namespace

attest_kernel complete(const attest_kernel& kernel) {
  // A struct without room for its own name cannot even be reported.
  constexpr std::size_t kLeast =
      offsetof(attest_kernel, capabilities) + sizeof(attest_capabilities);
  constexpr std::size_t kMost = 1 << 20;
  if (kernel.struct_size < kLeast || kernel.struct_size > kMost) {
    throw ContractError(fmt::format("struct_size = {}: must be sizeof(attest_kernel), here {}",
                                    kernel.struct_size, sizeof(attest_kernel)));
  }
  attest_kernel to = copy_declared(kernel);
  to.capabilities = copy_embedded(to.capabilities, "capabilities", false);
  to.conventions = copy_embedded(to.conventions, "conventions", true);
  to.numerics = copy_embedded(to.numerics, "numerics", false);
  if (to.numerics.struct_size < offsetof(attest_numerics, reserved)) to.numerics.preset = nullptr;
  return to;
}

KernelInfo describe(const attest_kernel& kernel) {
  const attest_kernel from = complete(kernel);
  if (from.name == nullptr) throw ContractError("a kernel without a name: name is NULL");
  KernelInfo info;
  info.name.assign(from.name, strnlen(from.name, kMaxNameLength + 1));
  if (from.description != nullptr) {
    info.description =
        printable({from.description, strnlen(from.description, kMaxDescriptionLength + 1)},
                  kMaxDescriptionLength);
  }
  info.operations = from.operations;
  info.promises = from.promises;
  info.has_create = from.create != nullptr;
  info.has_supports = from.supports != nullptr;
  info.has_plan = from.plan != nullptr;
  info.capabilities = from.capabilities;
  info.conventions = from.conventions;
  info.numerics = from.numerics;
  info.numerics.preset = nullptr;
  if (from.numerics.preset != nullptr) {
    info.numerics_preset.assign(from.numerics.preset,
                                strnlen(from.numerics.preset, kMaxNameLength + 1));
  }
  validate(info);
  try {
    if (from.reserved != 0) throw ContractError("reserved must be 0");
    check_functions(from);
  } catch (const ContractError& error) {
    throw ContractError(fmt::format("kernel '{}': {}", info.name, error.what()));
  }
  return info;
}

problem::DType KernelInfo::first_q_dtype() const {
  const std::uint32_t bits =
      capabilities.q_dtypes != 0 ? capabilities.q_dtypes : capabilities.kv_dtypes;
  if (bits == 0) return static_cast<problem::DType>(numerics.accumulate);  // merges states only
  return static_cast<problem::DType>(std::countr_zero(bits));
}

problem::Numerics KernelInfo::declared_numerics(problem::DType q_dtype) const {
  using problem::DType;
  const attest_numerics& n = numerics;
  problem::Numerics declared =
      problem::preset_numerics(numerics_preset, q_dtype)
          .value_or(problem::generic_numerics(static_cast<DType>(n.accumulate)));
  const auto take = [](auto value, auto& field) {
    if (value != 0) field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  };
  const auto take_dtype = [](std::int32_t plus_1, DType& field) {
    if (plus_1 != 0) field = static_cast<DType>(plus_1 - 1);
  };
  take(n.accumulate, declared.accumulate);
  take(n.accumulator, declared.accumulator);
  take(n.product_bits, declared.product_bits);
  take(n.mma_depth, declared.mma_depth);
  take(n.mma_extra_bits, declared.mma_extra_bits);
  take(n.q_prescaled, declared.q_prescaled);
  take_dtype(n.score_dtype_plus_1, declared.score_dtype);
  take(n.exp_ulp, declared.exp_ulp);
  take(n.exp_arg_ulp, declared.exp_arg_ulp);
  take(n.tanh_ulp, declared.tanh_ulp);
  take(n.lazy_rescale, declared.lazy_rescale);
  if (n.p_dtype_plus_1 == ATTEST_P_LIKE_Q) {
    declared.p_dtype = q_dtype;
  } else {
    take_dtype(n.p_dtype_plus_1, declared.p_dtype);
  }
  take(n.weight_sum, declared.weight_sum);
  take(n.p_unnormalised, declared.p_unnormalised);
  take(n.p_scale_log2, declared.p_scale_log2);
  take(n.dot_lanes, declared.dot_lanes);
  take(n.value_lanes, declared.value_lanes);
  take(n.weight_lanes, declared.weight_lanes);
  take(n.tile, declared.tile);
  take(n.ordered_block, declared.ordered_block);
  take(n.max_splits, declared.max_splits);
  take(n.merge_levels, declared.merge_levels);
  take_dtype(n.part_dtype_plus_1, declared.part_dtype);
  take(n.merge_normalises, declared.merge_normalises);
  take(n.keeps_subnormals, declared.keeps_subnormals);
  return declared;
}

bool contains(const attest_set& set, std::int64_t value) {
  if (set.count > 0) {
    const auto* end = set.list + std::min(set.count, ATTEST_SET_CAPACITY);
    return std::find(set.list, end, value) != end;
  }
  const std::int64_t multiple = std::max<std::int64_t>(set.multiple, 1);
  return value >= set.min && (set.max == 0 || value <= set.max) && value % multiple == 0;
}

}  // namespace attest::kernels
