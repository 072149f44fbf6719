// Names of CUDA that cannot work here: using one is a compile error that says so. (Inline PTX and
// __managed__ are the rewriter's to refuse.)
#pragma once

#include <cstddef>

namespace attest::simt {
template <class...>
inline constexpr bool kNever = false;
}

#define ATTEST_SIMT_UNSUPPORTED(name, message)                  \
  template <class... Arguments>                                 \
  inline int name(const Arguments&...) {                        \
    static_assert(attest::simt::kNever<Arguments...>, message); \
    return 0;                                                   \
  }

using cudaTextureObject_t = unsigned long long;
using cudaSurfaceObject_t = unsigned long long;
ATTEST_SIMT_UNSUPPORTED(tex1Dfetch, "attest: textures are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(tex1D, "attest: textures are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(tex2D, "attest: textures are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(tex3D, "attest: textures are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(surf2Dread, "attest: surfaces are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(
    __cvta_generic_to_shared,
    "attest: addresses for inline PTX do not exist on the CPU: see attest_ptx.h")
ATTEST_SIMT_UNSUPPORTED(cudaMallocManaged, "attest: managed memory is not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(cudaGraphLaunch, "attest: CUDA graphs are not supported on the CPU")
ATTEST_SIMT_UNSUPPORTED(cudaStreamBeginCapture, "attest: CUDA graphs are not supported on the CPU")
#undef ATTEST_SIMT_UNSUPPORTED
