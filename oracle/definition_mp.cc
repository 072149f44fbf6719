// The definition at 50 digits. A file of its own because Boost.Multiprecision compiles slowly.
#include "oracle/definition_impl.h"
#include "oracle/mp.h"
#include "oracle/state_impl.h"

namespace attest::oracle {

template Row<Mp> attend_row<Mp>(const problem::Problem&, const problem::Inputs&, std::int64_t,
                                std::int64_t, std::int64_t, std::optional<problem::Range>, bool);
template std::vector<Row<Mp>> attend<Mp>(const problem::Problem&, const problem::Inputs&);
template Row<Mp> merge<Mp>(std::span<const Row<Mp>>);

}  // namespace attest::oracle
