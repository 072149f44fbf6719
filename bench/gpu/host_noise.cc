// fill_noise() for calls in the memory of the SIMT executor.
#include <cstddef>
#include <span>
#include <vector>

#include "bench/gpu/cuda_error.h"
#include "bench/gpu/device_work.h"
#include "bench/random.h"
#include "kernels/launch.h"
#include "problem/rows.h"

namespace attest::bench {

void fill_noise(void* data, std::size_t elements, std::int32_t dtype, std::uint32_t seed,
                cudaStream_t /*stream*/) {
  std::vector<double> numbers(elements);
  Random random(seed);
  for (double& number : numbers) number = static_cast<double>(random() >> 8) * 0x1p-23 - 1;
  std::vector<std::byte> stored(elements * kernels::element_size(dtype));
  problem::encode_row(static_cast<problem::DType>(dtype), numbers, stored.data());
  require("cudaMemcpy", cudaMemcpy(data, stored.data(), stored.size(), cudaMemcpyHostToDevice));
}

}  // namespace attest::bench
