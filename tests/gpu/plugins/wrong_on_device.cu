// CUDA kernels that do what a kernel must not do, where q[0] is negative: one misdeed each. Else
// they copy q[0] to o[0].
#include <cuda_runtime.h>
#include <stdexcept>

#include "kernels/attest_kernel.h"

namespace {

enum class Misdeed { kNone, kPastEnd, kBeforeBegin, kInput, kNull, kTrap, kForever };

template <Misdeed kMisdeed>
__global__ void copy_kernel(float* q, float* o) {
  const bool wrong = q[0] < 0;
  if (wrong && kMisdeed == Misdeed::kPastEnd) o[1] = 1;
  if (wrong && kMisdeed == Misdeed::kBeforeBegin) o[-1] = 1;
  if (wrong && kMisdeed == Misdeed::kInput) q[0] = -2;
  if (wrong && kMisdeed == Misdeed::kNull) *reinterpret_cast<volatile float*>(std::size_t{64}) = 1;
  if (wrong && kMisdeed == Misdeed::kTrap) __trap();
  while (wrong && kMisdeed == Misdeed::kForever) __nanosleep(1000);
  o[0] = q[0];
}

template <Misdeed kMisdeed, int kThreads = 1>
attest_status run(void*, const attest_attend* call, attest_report* report) {
  copy_kernel<kMisdeed><<<1, kThreads, 0, static_cast<cudaStream_t>(call->stream)>>>(
      static_cast<float*>(call->q.data), static_cast<float*>(call->o.data));
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return ATTEST_OK;
  const char* const text = cudaGetErrorName(error);
  for (int i = 0; text[i] != 0 && i < 200; ++i) report->message[i] = text[i];
  return ATTEST_FAILED;
}

attest_status on_default_stream(void* self, const attest_attend* call, attest_report* report) {
  attest_attend elsewhere = *call;
  elsewhere.stream = nullptr;
  return run<Misdeed::kNone>(self, &elsewhere, report);
}

attest_status throws(void*, const attest_attend*, attest_report*) {
  throw std::runtime_error("thrown on the host");
}

constexpr attest_kernel kernel(const char* name,
                               attest_status (*attend)(void*, const attest_attend*,
                                                       attest_report*)) {
  attest_kernel kernel{};
  kernel.struct_size = sizeof(attest_kernel);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.name = name;
  kernel.description = "a test of the device's worker";
  kernel.capabilities.struct_size = sizeof(attest_capabilities);
  kernel.capabilities.device = ATTEST_CUDA;
  kernel.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32);
  kernel.capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
  kernel.capabilities.features = ATTEST_FEATURE_CAUSAL;
  kernel.numerics.struct_size = sizeof(attest_numerics);
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.attend = attend;
  return kernel;
}

constexpr attest_kernel kKernels[] = {
    kernel("innocent", run<Misdeed::kNone>),
    kernel("past_end", run<Misdeed::kPastEnd>),
    kernel("before_begin", run<Misdeed::kBeforeBegin>),
    kernel("writes_input", run<Misdeed::kInput>),
    kernel("writes_null", run<Misdeed::kNull>),
    kernel("traps", run<Misdeed::kTrap>),
    kernel("never_ends", run<Misdeed::kForever>),
    kernel("too_many_threads", run<Misdeed::kNone, 4096>),
    kernel("on_default_stream", on_default_stream),
    kernel("throws", throws),
};

}  // namespace

extern "C" ATTEST_EXPORT const attest_kernel* attest_kernels(std::uint32_t abi_version,
                                                             std::size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return nullptr;
  *count = sizeof(kKernels) / sizeof(kKernels[0]);
  return kKernels;
}
