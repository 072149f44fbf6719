// The floating-point environment the oracle needs, whatever a kernel or a shared object left
// behind: round to nearest, subnormals kept (a library linked with -ffast-math sets flush-to-zero
// for the whole process), x87 at full precision.
#pragma once

#include <cfenv>

namespace attest::oracle {

/// Sets the default environment for its lifetime and restores what was there.
class DefaultFpEnv {
 public:
  DefaultFpEnv() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFpEnv() { std::fesetenv(&saved_); }
  DefaultFpEnv(const DefaultFpEnv&) = delete;
  DefaultFpEnv& operator=(const DefaultFpEnv&) = delete;

 private:
  std::fenv_t saved_;
};

}  // namespace attest::oracle
