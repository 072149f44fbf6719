#include "properties/new_tokens.h"

namespace attest::properties {

using problem::DType;
using problem::Elements;
using problem::Scales;

Elements as_new(const Elements& stored, DType type, const Scales& scales, std::int64_t dim) {
  if (scales.empty() && stored.type() == type) return stored;
  Elements out(type, stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const std::size_t head = i / static_cast<std::size_t>(dim);
    const double scale = scales.empty() ? 1.0 : scales[head % scales.size()];
    out.set(i, stored.value(i) * scale);
  }
  return out;
}

std::uint64_t stored_bits(const Elements& added, std::size_t i, DType type, const Scales& scales,
                          std::int64_t dim) {
  if (scales.empty() && added.type() == type) return added.bits(i);
  const std::size_t head = i / static_cast<std::size_t>(dim);
  return problem::encode(type,
                         added.value(i) / (scales.empty() ? 1.0 : scales[head % scales.size()]));
}

bool comes_back(const Elements& stored, const Elements& added, const Scales& scales,
                std::int64_t dim) {
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored_bits(added, i, stored.type(), scales, dim) != stored.bits(i)) return false;
  }
  return true;
}

}  // namespace attest::properties
