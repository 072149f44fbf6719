#include "oracle/gradient_definition.h"

#include <cstddef>
#include <string>

#include "oracle/gradient_definition_impl.h"
#include "problem/errors.h"

namespace attest::oracle {

void check_shapes(const problem::Problem& problem, const Upstream& upstream) {
  const auto rows = static_cast<std::size_t>(problem.total_q() * problem.num_q_heads);
  const std::size_t lanes = rows * static_cast<std::size_t>(problem.head_dim_v);
  if (upstream.o.size() != lanes) {
    throw ContractError("Upstream::o has " + std::to_string(upstream.o.size()) +
                        " elements, the call has " + std::to_string(lanes) + " outputs");
  }
  if (upstream.lse.size() != 0 && upstream.lse.size() != rows) {
    throw ContractError("Upstream::lse has " + std::to_string(upstream.lse.size()) +
                        " elements, the call has " + std::to_string(rows) + " rows");
  }
}

template Gradients<double> differentiate<double>(const problem::Problem&, const problem::Inputs&,
                                                 const Upstream&);

}  // namespace attest::oracle
