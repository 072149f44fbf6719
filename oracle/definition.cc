#include "oracle/definition_impl.h"
#include "oracle/state_impl.h"

namespace attest::oracle {

// NOLINTBEGIN(bugprone-macro-parentheses): the argument is a type
#define ATTEST_INSTANTIATE(Real)                                                                 \
  template Row<Real> attend_row<Real>(const problem::Problem&, const problem::Inputs&,           \
                                      std::int64_t, std::int64_t, std::int64_t,                  \
                                      std::optional<problem::Range>, bool);                      \
  template std::vector<Row<Real>> attend<Real>(const problem::Problem&, const problem::Inputs&); \
  template Row<Real> merge<Real>(std::span<const Row<Real>>);
// NOLINTEND(bugprone-macro-parentheses)
ATTEST_INSTANTIATE(double)
ATTEST_INSTANTIATE(long double)
#undef ATTEST_INSTANTIATE

}  // namespace attest::oracle
