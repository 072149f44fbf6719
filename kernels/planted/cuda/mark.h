// defect_ran() for device code of planted CUDA kernels: not inline, so that it is no memory access
// of the kernel in mode check.
#pragma once

namespace attest::kernels::planted::device {

void defect_ran();

}  // namespace attest::kernels::planted::device
