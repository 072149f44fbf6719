// A kernel's declaration as plain C++ data: copied out of the ABI structs, checked, free of
// pointers into a plug-in. This is all the supervisor ever knows of a plug-in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/attest_kernel.h"
#include "problem/kv_storage.h"
#include "problem/numerics.h"
#include "problem/problem.h"

namespace attest::kernels {

struct KernelInfo {
  std::string name;
  std::string description;
  std::string library;  ///< path of the plug-in; empty for a built-in kernel
  std::uint32_t operations = 0;
  std::uint32_t promises = 0;
  bool has_create = false;  ///< an object that may keep something from call to call
  bool has_supports = false;
  bool has_plan = false;
  bool on_executor = false;  ///< CUDA code that runs on the CPU: calls have a thread schedule
  attest_capabilities capabilities{};
  attest_conventions conventions{};
  attest_numerics numerics{};   ///< its pointer is null: the text is `numerics_preset`
  std::string numerics_preset;  ///< empty: none

  bool can(std::uint32_t operation) const { return (operations & operation) == operation; }
  bool has(std::uint64_t feature) const { return (capabilities.features & feature) == feature; }
  bool promised(std::uint32_t promise) const { return (promises & promise) == promise; }

  /// The element type of q, k, v and o that this kernel is tested with first (the lowest declared).
  problem::DType first_q_dtype() const;
  /// The numerics with the preset's facts and attest's defaults filled in, for q of this type.
  problem::Numerics declared_numerics(problem::DType q_dtype) const;
  /// The same for first_q_dtype(). Only the types of q and P can differ for other types of q.
  problem::Numerics declared_numerics() const { return declared_numerics(first_q_dtype()); }
};

/// The declaration with everything beyond its struct_size zero, as the ABI promises: older plug-ins
/// have shorter structs, the first ones a shorter attest_numerics in the middle of attest_kernel.
/// Throws ContractError when a struct_size is nonsense.
attest_kernel complete(const attest_kernel& kernel);

/// Copies and checks a declaration. Throws ContractError naming the field when it is nonsense (no
/// name, 0 heads, a negative head_dim, an unknown bit, an operation without its function, ...).
KernelInfo describe(const attest_kernel& kernel);

/// Checks data that came from another process the same way. Throws ContractError.
void validate(const KernelInfo& info);

/// Whether a declared set has this value; the empty declaration (all zero) has every value.
bool contains(const attest_set& set, std::int64_t value);

/// Why the kernel does not declare this problem and storage (one line), or nothing when it does.
/// supports(), where a kernel has one, narrows this further (Session::supports).
std::optional<std::string> unsupported(const KernelInfo& info, const problem::Problem& problem,
                                       const problem::KvStorage& storage);

/// Bytes for a pipe and back. read throws ContractError on malformed bytes.
std::string serialise(const KernelInfo& info);
KernelInfo deserialise(std::string_view bytes);

}  // namespace attest::kernels
