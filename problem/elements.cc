#include "problem/elements.h"

namespace attest::problem {

std::uint64_t unwritten_bits(DType type) {
  // Quiet NaNs: x86 arithmetic makes only the one with payload 0 (and copies of its operands).
  switch (type) {
    case DType::kF64:
      return 0x7ffa'77e5'7a77'e57a;
    case DType::kF32:
      return 0x7fea'77e5;
    case DType::kF16:
      return 0x7ea7;
    case DType::kBF16:
      return 0x7fe5;
    case DType::kE4M3:
      return 0x7f;
    case DType::kE5M2:
      return 0x7f;
  }
  return 0;
}

}  // namespace attest::problem
