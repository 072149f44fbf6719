// How often something happens that happens now and then, and how sure that is.
#pragma once

#include <cstdint>
#include <string>

namespace attest::campaign {

struct Rate {
  std::int64_t failures = 0;
  std::int64_t runs = 0;

  /// Bounds of the Wilson interval: it holds the true rate with a confidence of 95 %. 0 and 1
  /// without a run.
  double low() const;
  double high() const;
};

/// "3 of 20 runs (15 %, with 95 % confidence 5 % to 36 %)"
std::string rate_text(const Rate& rate);

}  // namespace attest::campaign
