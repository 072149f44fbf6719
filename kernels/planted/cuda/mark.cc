#include "kernels/planted/cuda/mark.h"

#include "kernels/planted/defect.h"

namespace attest::kernels::planted::device {

void defect_ran() { planted::defect_ran(); }

}  // namespace attest::kernels::planted::device
