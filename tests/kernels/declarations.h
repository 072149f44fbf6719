// A declaration that is in order, for tests to spoil, and the call that it can take.
#pragma once

#include <string>

#include "kernels/attest_kernel.h"
#include "kernels/kernel_info.h"
#include "problem/errors.h"
#include "problem/kv_storage.h"
#include "problem/problem.h"

namespace attest::tests {

inline attest_status do_nothing(void*, const attest_attend*, attest_report*) { return ATTEST_OK; }

/// Everything a simple kernel fills in.
inline attest_kernel simple_kernel() {
  attest_kernel kernel{};
  kernel.struct_size = sizeof(kernel);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.name = "simple";
  kernel.description = "does nothing";
  kernel.capabilities.struct_size = sizeof(kernel.capabilities);
  kernel.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32);
  kernel.capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
  kernel.capabilities.features = ATTEST_FEATURE_NON_CAUSAL;
  kernel.numerics.struct_size = sizeof(kernel.numerics);
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.attend = do_nothing;
  return kernel;
}

inline kernels::KernelInfo simple_info() { return kernels::describe(simple_kernel()); }

/// What describe() says against `kernel`, or nothing.
inline std::string complaint(const attest_kernel& kernel) {
  try {
    kernels::describe(kernel);
  } catch (const ContractError& error) {
    return error.what();
  }
  return "";
}

/// Two sequences that simple_kernel() declares.
inline problem::Problem simple_problem() {
  problem::Problem p;
  p.sequences = {{2, 5, {}}, {2, 7, {}}};
  p.num_q_heads = 4;
  p.num_kv_heads = 2;
  p.head_dim_qk = p.head_dim_v = 8;
  return p;
}

}  // namespace attest::tests
