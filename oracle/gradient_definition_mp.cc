// The gradients at 50 digits. A file of its own because Boost.Multiprecision compiles slowly.
#include "oracle/gradient_definition_impl.h"
#include "oracle/mp.h"

namespace attest::oracle {

template Gradients<Mp> differentiate<Mp>(const problem::Problem&, const problem::Inputs&,
                                         const Upstream&);

}  // namespace attest::oracle
