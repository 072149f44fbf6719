// Turns a .cu file into C++ that g++ and clang compile against kernels/simt/compat. Three things of
// CUDA are no C++ and no macro can make them so:
//
//   __shared__ float a[M][N], b;    ->  auto& a = shared_variable<float [(M)][(N)]>(...); ...
//   extern __shared__ float s[];    ->  auto* const s = static_cast<float*>(dynamic_shared());
//   kernel<T><<<grid, block>>>(x);  ->  launch_kernel(configure(grid, block), ..., x);
//
// Everything keeps its line. Inline PTX becomes a static_assert, so that a branch of its own for
// the CPU can be left out by the preprocessor.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace attest::simt::rewrite {

/// Source that cannot be rewritten: "flash.cu:12: what is wrong and what would be right".
class RewriteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `path` is what diagnostics and debug information will name. Throws RewriteError.
std::string rewrite(std::string_view source, const std::string& path);

}  // namespace attest::simt::rewrite
