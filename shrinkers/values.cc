// Simpler contents. A large case keeps its recipe and gets a simpler one; a small case
// (kMaxWrittenElements) is written out element by element, then whole tensors and at last single
// elements become 0, 1, small integers, powers of two, short mantissas.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "problem/inputs.h"
#include "shrinkers/ladder.h"
#include "shrinkers/order.h"
#include "shrinkers/passes.h"
#include "shrinkers/reals.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Distribution;
using problem::DType;
using problem::Override;
using problem::Problem;
using problem::Tensor;
using problem::Values;

namespace {

constexpr std::int64_t kMostValuePieces = 32;
constexpr std::size_t kMostSingleValues = 16;  ///< elements not 0 that are simplified one by one
constexpr std::uint64_t kMostSeeds = 4;

const problem::Elements& elements_of(const problem::Inputs& inputs, Tensor tensor) {
  switch (tensor) {
    case Tensor::kQ:
      return inputs.q;
    case Tensor::kK:
      return inputs.k;
    case Tensor::kV:
      return inputs.v;
    case Tensor::kBias:
      break;
  }
  return inputs.bias;
}

// A shared page has its contents from one sequence: only there can they be written.
bool is_own(const Case& base, Tensor tensor, std::int64_t sequence, std::int64_t token) {
  if (tensor != Tensor::kK && tensor != Tensor::kV) return true;
  const problem::TokenId self{sequence, token};
  return problem::content_owner(base.problem(), base.storage, sequence, token) == self;
}

// Every element as an override with the bits it has now.
std::vector<Override> written_out(const Case& base) {
  const Problem& problem = base.problem();
  const problem::Inputs inputs = problem::make_inputs(problem, base.values, base.storage);
  std::vector<Override> result;
  for (const Tensor tensor : {Tensor::kQ, Tensor::kK, Tensor::kV, Tensor::kBias}) {
    const problem::Elements& elements = elements_of(inputs, tensor);
    std::size_t next = 0;
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      const problem::Extent extent = writable_extent(problem, tensor, b);
      // In memory a bias is [head, row, key], everything else [token, head, lane].
      const bool heads_first = tensor == Tensor::kBias;
      const std::int64_t outer = heads_first ? extent.heads : extent.tokens;
      const std::int64_t inner = heads_first ? extent.tokens : extent.heads;
      for (std::int64_t i = 0; i < outer; ++i) {
        for (std::int64_t j = 0; j < inner; ++j) {
          for (std::int64_t lane = 0; lane < extent.lanes; ++lane, ++next) {
            const std::int64_t token = heads_first ? j : i;
            const std::int64_t head = heads_first ? i : j;
            if (!is_own(base, tensor, b, token)) continue;
            result.push_back({tensor, b, token, head, lane, elements.bits(next)});
          }
        }
      }
    }
  }
  return result;
}

class Written {
 public:
  explicit Written(const Case& base) : base_(base), elements_(written_out(base)) {}

  std::size_t size() const { return elements_.size(); }

  double value(std::size_t i) const {
    return problem::decode(type(elements_[i]), elements_[i].bits);
  }

  /// Proposes the case with the elements that `change` gives a value to changed, all written.
  void add(const std::function<std::optional<double>(std::size_t, const Override&)>& change) {
    Case variant = base_;
    variant.values = Values{};
    variant.values.overrides = elements_;
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      const std::optional<double> value = change(i, elements_[i]);
      if (!value) continue;
      variant.values.overrides[i].bits = problem::encode(type(elements_[i]), *value);
    }
    result_.push_back(std::move(variant));
  }

  void add(Tensor tensor, double value) {
    add([&](std::size_t, const Override& element) {
      return element.tensor == tensor ? std::optional(value) : std::nullopt;
    });
  }

  Proposals take() { return std::move(result_); }

 private:
  DType type(const Override& element) const {
    return problem::extent_of(base_.problem(), element.tensor, element.sequence).type;
  }

  const Case& base_;
  std::vector<Override> elements_;
  Proposals result_;
};

void simplify_tensors(Written& written) {
  using Change = std::optional<double>;
  written.add([](std::size_t, const Override&) -> Change { return 0.0; });
  written.add([](std::size_t, const Override& element) -> Change {
    return element.tensor == Tensor::kV ? 1.0 : 0.0;
  });
  written.add([](std::size_t, const Override& element) -> Change {
    return element.tensor == Tensor::kBias ? 0.0 : 1.0;
  });
  // Uniform weights over values that tell the tokens apart: a dropped or doubled key is heard.
  written.add([](std::size_t, const Override& element) -> Change {
    return element.tensor == Tensor::kV ? static_cast<double>(element.token) : 0.0;
  });
  for (const double value : {0.0, 1.0}) {
    for (const Tensor tensor : {Tensor::kBias, Tensor::kQ, Tensor::kK, Tensor::kV}) {
      written.add(tensor, value);
    }
  }
  written.add([](std::size_t, const Override&) -> Change { return std::nullopt; });
  written.add(
      [&](std::size_t i, const Override&) -> Change { return std::round(written.value(i)); });
  written.add([&](std::size_t i, const Override&) -> Change {
    const double value = written.value(i);
    if (value == 0.0 || !std::isfinite(value)) return value;
    return std::copysign(std::ldexp(1.0, std::ilogb(value)), value);
  });
}

void simplify_elements(Written& written) {
  std::vector<std::size_t> costly;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (cost_of(written.value(i)) > 0) costly.push_back(i);
  }
  const auto count = static_cast<std::int64_t>(costly.size());
  for (const Piece piece : pieces(count, kMostValuePieces)) {
    std::vector<bool> chosen(written.size(), false);
    for (std::int64_t i = piece.begin; i < piece.end; ++i) {
      chosen[costly[static_cast<std::size_t>(i)]] = true;
    }
    written.add([&](std::size_t i, const Override&) {
      return chosen[i] ? std::optional(0.0) : std::nullopt;
    });
  }
  if (costly.size() > kMostSingleValues) return;
  for (const std::size_t chosen : costly) {
    for (const double simpler : simpler_than(written.value(chosen))) {
      written.add([&](std::size_t i, const Override&) {
        return i == chosen ? std::optional(simpler) : std::nullopt;
      });
    }
  }
}

Proposals simpler_recipes(const Case& base) {
  Proposals result;
  const Values& now = base.values;
  const auto add = [&](Values values) {
    result.push_back(base);
    result.back().values = std::move(values);
  };
  add(Values{});
  for (const Distribution simpler :
       {Distribution::kLattice, Distribution::kUniform, Distribution::kConstantV,
        Distribution::kOneHotV, Distribution::kNormal}) {
    if (rank_of(simpler) >= rank_of(now.distribution)) continue;
    Values values = now;
    values.distribution = simpler;
    add(std::move(values));
  }
  for (std::uint64_t seed = 0; seed < std::min(now.seed, kMostSeeds); ++seed) {
    Values values = now;
    values.seed = seed;
    add(std::move(values));
  }
  for (const std::int64_t needle : ladder(now.needle, 0)) {
    Values values = now;
    values.needle = needle;
    add(std::move(values));
  }
  const auto written = static_cast<std::int64_t>(now.overrides.size());
  const auto add_without = [&](std::int64_t begin, std::int64_t end) {
    Values values = now;
    values.overrides.erase(values.overrides.begin() + begin, values.overrides.begin() + end);
    add(std::move(values));
  };
  if (written > 0) add_without(0, written);
  for (const Piece piece : pieces(written, kMostValuePieces)) add_without(piece.begin, piece.end);
  return result;
}

}  // namespace

Proposals simpler_values(const Case& base) {
  if (count_elements(base.problem()) > kMaxWrittenElements) return simpler_recipes(base);
  Written written(base);
  simplify_tensors(written);
  simplify_elements(written);
  return written.take();
}

}  // namespace attest::shrinkers
