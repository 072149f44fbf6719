#include "bench/policies/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/logical_tensors.h"
#include "oracle/visible.h"

namespace attest::bench {
namespace {

using problem::DType;
using problem::Problem;

struct LowPrecision {
  DType type;
  bool scales_keys;
};

/// One sequence and head at a time, contents decoded once.
template <typename Real>
class HeadAttention {
 public:
  HeadAttention(const Problem& problem, const problem::Inputs& inputs,
                std::optional<LowPrecision> low)
      : problem_(problem), tensors_(problem, inputs), low_(low) {}

  void run(std::int64_t b, std::int64_t head, Dense& out) {
    load(b, head);
    const problem::Sequence& sequence = problem_.sequences[static_cast<std::size_t>(b)];
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      const std::int64_t flat = (tensors_.first_row(b) + row) * problem_.num_q_heads + head;
      attend(b, head, row, out.o.data() + flat * problem_.head_dim_v,
             out.lse[static_cast<std::size_t>(flat)]);
    }
  }

 private:
  Real rounded(Real x) const {
    return low_ ? static_cast<Real>(problem::round_to(low_->type, static_cast<double>(x))) : x;
  }

  void load(std::int64_t b, std::int64_t head) {
    const std::int64_t keys = problem_.sequences[static_cast<std::size_t>(b)].kv_len;
    k_.clear();
    v_.clear();
    const double k_scale =
        tensors_.k_scale(b, head) * (low_ && low_->scales_keys ? problem_.scale : 1);
    for (std::int64_t j = 0; j < keys; ++j) {
      for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
        k_.push_back(rounded(static_cast<Real>(tensors_.k(b, head, j, d) * k_scale)));
      for (std::int64_t d = 0; d < problem_.head_dim_v; ++d)
        v_.push_back(
            rounded(static_cast<Real>(tensors_.v(b, head, j, d) * tensors_.v_scale(b, head))));
    }
  }

  Real score(std::int64_t b, std::int64_t head, std::int64_t row, std::int64_t key) const {
    const Real* k = k_.data() + key * problem_.head_dim_qk;
    Real sum = 0;
    for (std::size_t d = 0; d < q_.size(); ++d) sum += q_[d] * k[d];
    sum = rounded(sum);
    if (!low_ || !low_->scales_keys) sum *= static_cast<Real>(problem_.scale);
    if (problem_.softcap > 0) {
      const auto cap = static_cast<Real>(problem_.softcap);
      sum = cap * std::tanh(sum / cap);
    }
    const std::int64_t distance =
        oracle::query_position(problem_, b, row) - oracle::key_position(problem_, b, key);
    sum -= static_cast<Real>(tensors_.alibi_slope(head) * static_cast<double>(std::abs(distance)));
    return sum + static_cast<Real>(tensors_.bias(b, head, row, key));
  }

  void attend(std::int64_t b, std::int64_t head, std::int64_t row, double* o, double& lse) {
    q_.clear();
    for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
      q_.push_back(static_cast<Real>(tensors_.q(b, head, row, d) * tensors_.q_scale(b, head)));
    weights_.clear();
    keys_.clear();
    const auto [first, last] = oracle::visible_range(problem_, b, row);
    Real largest = static_cast<Real>(tensors_.sink(head));
    for (std::int64_t j = first; j < last; ++j) {
      if (!oracle::visible(problem_, b, row, j)) continue;
      keys_.push_back(j);
      weights_.push_back(score(b, head, row, j));
      largest = std::max(largest, weights_.back());
    }
    lse = -std::numeric_limits<double>::infinity();
    sums_.assign(static_cast<std::size_t>(problem_.head_dim_v), Real{0});
    if (!keys_.empty()) {
      Real total = std::exp(static_cast<Real>(tensors_.sink(head)) - largest);
      for (Real& weight : weights_) {
        weight = std::exp(weight - largest);
        total += weight;
      }
      lse = static_cast<double>(largest + std::log(total));
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        const Real p = rounded(weights_[i] / total);
        const Real* v = v_.data() + keys_[i] * problem_.head_dim_v;
        for (std::size_t d = 0; d < sums_.size(); ++d) sums_[d] += p * v[d];
      }
    }
    for (std::size_t d = 0; d < sums_.size(); ++d) o[d] = static_cast<double>(rounded(sums_[d]));
  }

  const Problem& problem_;
  oracle::LogicalTensors tensors_;
  std::optional<LowPrecision> low_;
  std::vector<Real> q_, k_, v_, weights_, sums_;
  std::vector<std::int64_t> keys_;
};

template <typename Real>
Dense attention(const Problem& problem, const problem::Inputs& inputs,
                std::optional<LowPrecision> low) {
  Dense out;
  const std::int64_t rows = problem.total_q() * problem.num_q_heads;
  out.o.resize(static_cast<std::size_t>(rows * problem.head_dim_v));
  out.lse.resize(static_cast<std::size_t>(rows));
  HeadAttention<Real> one(problem, inputs, low);
  for (std::int64_t b = 0; b < problem.batch(); ++b)
    for (std::int64_t head = 0; head < problem.num_q_heads; ++head) one.run(b, head, out);
  return out;
}

}  // namespace

Dense exact_attention(const Problem& problem, const problem::Inputs& inputs) {
  return attention<double>(problem, inputs, std::nullopt);
}

std::vector<double> low_precision_attention(const Problem& problem, const problem::Inputs& inputs,
                                            DType type, bool scales_keys) {
  return attention<float>(problem, inputs, LowPrecision{type, scales_keys}).o;
}

}  // namespace attest::bench
