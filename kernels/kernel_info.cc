#include "kernels/kernel_info.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

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
  attest_kernel to{};
  std::memcpy(&to, &kernel, std::min<std::size_t>(kernel.struct_size, sizeof(attest_kernel)));
  to.capabilities = copy_embedded(to.capabilities, "capabilities", false);
  to.conventions = copy_embedded(to.conventions, "conventions", true);
  to.numerics = copy_embedded(to.numerics, "numerics", false);
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
  info.has_supports = from.supports != nullptr;
  info.has_plan = from.plan != nullptr;
  info.capabilities = from.capabilities;
  info.conventions = from.conventions;
  info.numerics = from.numerics;
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

problem::Numerics KernelInfo::declared_numerics() const {
  const auto type = static_cast<problem::DType>(numerics.accumulate);
  problem::Numerics declared = problem::generic_numerics(type);
  declared.accumulator = static_cast<problem::Accumulator>(numerics.accumulator);
  declared.q_prescaled = numerics.q_prescaled != 0;
  if (numerics.p_dtype_plus_1 != 0) {
    declared.p_dtype = static_cast<problem::DType>(numerics.p_dtype_plus_1 - 1);
  }
  declared.merge_levels = numerics.merge_levels;
  if (numerics.exp_ulp > 0) declared.exp_ulp = numerics.exp_ulp;
  if (numerics.exp_arg_ulp > 0) declared.exp_arg_ulp = numerics.exp_arg_ulp;
  if (numerics.tanh_ulp > 0) declared.tanh_ulp = numerics.tanh_ulp;
  if (numerics.lazy_rescale > 0) declared.lazy_rescale = numerics.lazy_rescale;
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
