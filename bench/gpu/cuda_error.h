// Errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime_api.h>
#include <stdexcept>
#include <string>

namespace attest::bench {

class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(const char* what, cudaError_t error) {
  if (error == cudaSuccess) return;
  throw CudaError(std::string(what) + ": " + cudaGetErrorName(error) + ": " +
                  cudaGetErrorString(error));
}

}  // namespace attest::bench
