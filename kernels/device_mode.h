// How a call runs on a GPU: as a campaign runs it, or as a property wants to see it. Elsewhere it
// makes no difference.
#pragma once

#include <cstdint>

namespace attest::kernels {

enum class DeviceMode : std::int32_t {
  kPlain,
  kHeldStream,  ///< the call's stream is held up: what is launched on another comes too early
  kGraph,       ///< the call is made once more, captured in a CUDA graph, and the graph is run
};

}  // namespace attest::kernels
