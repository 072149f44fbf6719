#include "shrinkers/ladder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace attest::shrinkers {

std::vector<std::int64_t> ladder(std::int64_t value, std::int64_t lowest) {
  std::vector<std::int64_t> steps;
  if (value <= lowest) return steps;
  steps.push_back(lowest);
  if (lowest == 0 && value > 1) steps.push_back(1);
  for (std::int64_t step = (value - lowest) / 2; step > 0; step /= 2) {
    if (value - step > steps.back()) steps.push_back(value - step);
  }
  return steps;
}

std::vector<std::int64_t> size_ladder(std::int64_t value, std::int64_t lowest) {
  std::vector<std::int64_t> steps;
  for (std::int64_t power = 1; power < value; power *= 2) {
    if (power >= lowest) steps.push_back(power);
  }
  for (const std::int64_t step : ladder(value, lowest)) {
    if (std::find(steps.begin(), steps.end(), step) == steps.end()) steps.push_back(step);
  }
  return steps;
}

std::vector<Piece> pieces(std::int64_t count, std::int64_t limit) {
  std::vector<Piece> result;
  for (std::int64_t parts = 2; count > 1; parts *= 2) {
    const std::int64_t length = (count + parts - 1) / parts;
    for (std::int64_t begin = 0; begin < count; begin += length) {
      if (static_cast<std::int64_t>(result.size()) == limit) return result;
      result.push_back({begin, std::min(begin + length, count)});
    }
    if (length == 1) break;
  }
  return result;
}

}  // namespace attest::shrinkers
