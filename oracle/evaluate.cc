#include "oracle/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "problem/special_values.h"

namespace attest::oracle {
namespace {

bool all_finite(const double* x, std::int64_t count) {
  // The sum of zeros times x is 0 unless something is not finite. (Four sums, so that additions
  // need not wait for each other.)
  double sums[4] = {};
  std::int64_t d = 0;
  for (; d + 4 <= count; d += 4) {
    for (int i = 0; i < 4; ++i) sums[i] += 0 * x[d + i];
  }
  for (; d < count; ++d) sums[0] += 0 * x[d];
  return sums[0] + sums[1] + sums[2] + sums[3] == 0;
}

/// True when lane `d` of all visible values is 0.
bool only_zeros(std::span<const double> v, std::size_t lanes, std::size_t d) {
  for (std::size_t at = d; at < v.size(); at += lanes) {
    if (v[at] != 0) return false;
  }
  return true;
}

}  // namespace

Evaluator::Evaluator(const problem::Problem& problem, const problem::Inputs& inputs,
                     const problem::Numerics& numerics, const ExpectOptions& options)
    : problem_(problem),
      options_(options),
      inputs_(inputs),
      decoded_(decode_inputs(problem, inputs)),
      double_double_(numerics.accumulate == problem::DType::kF64),
      kernel_(arithmetic_of(numerics, problem.q_dtype, options.extra_merge_levels)),
      engine_(simd::engine()),
      reader_(problem, inputs, decoded_, options),
      fast_(kernel_, engine_, options.statistical) {}

void Evaluator::run(Expected& expected) {
  std::vector<RowId> rows;
  const std::int64_t group = problem_.group();
  for (std::int64_t b = 0; b < problem_.batch(); ++b) {
    const std::int64_t q_len = problem_.sequences[static_cast<std::size_t>(b)].q_len;
    for (std::int64_t kv_head = 0; kv_head < problem_.num_kv_heads && q_len > 0; ++kv_head) {
      pack(b, kv_head);
      for (std::int64_t row = 0; row < q_len; ++row) {
        for (std::int64_t g = 0; g < group; ++g) {
          rows.push_back({.row = row, .head = kv_head * group + g});
          if (std::ssize(rows) < simd::kBlockRows) continue;
          evaluate_block(b, rows, expected);
          rows.clear();
        }
      }
      if (!rows.empty()) evaluate_block(b, rows, expected);
      rows.clear();
    }
  }
}

void Evaluator::pack(std::int64_t b, std::int64_t kv_head) {
  keys_ = {.count = problem_.sequences[static_cast<std::size_t>(b)].kv_len,
           .dim_qk = problem_.head_dim_qk,
           .dim_v = problem_.head_dim_v};
  simd::place_keys(keys_, keys_memory_.reserve(simd::keys_size(keys_)));
  bad_k_.clear();
  bad_v_.clear();
  for (std::int64_t j = 0; j < keys_.count; ++j) {
    if (!all_finite(reader_.k(b, kv_head, j), keys_.dim_qk)) bad_k_.push_back(j);
    if (!all_finite(reader_.v(b, kv_head, j), keys_.dim_v)) bad_v_.push_back(j);
  }
  if (keys_.count == 0) return;
  if (bad_k_.empty() && bad_v_.empty()) {
    engine_.pack(reader_.k(b, kv_head, 0), reader_.k_stride(), reader_.v(b, kv_head, 0),
                 reader_.v_stride(), keys_);
  } else {
    clean(b, kv_head);
    engine_.pack(clean_k_.data(), keys_.dim_qk, clean_v_.data(), keys_.dim_v, keys_);
  }
  if (!double_double_) fast_.pack(keys_, reader_.shape(b, kv_head * problem_.group()));
}

void Evaluator::clean(std::int64_t b, std::int64_t kv_head) {
  clean_k_.clear();
  clean_v_.clear();
  const auto finite_or_zero = [](double x) { return std::isfinite(x) ? x : 0; };
  for (std::int64_t j = 0; j < keys_.count; ++j) {
    const double* const k = reader_.k(b, kv_head, j);
    const double* const v = reader_.v(b, kv_head, j);
    std::transform(k, k + keys_.dim_qk, std::back_inserter(clean_k_), finite_or_zero);
    std::transform(v, v + keys_.dim_v, std::back_inserter(clean_v_), finite_or_zero);
  }
}

void Evaluator::prepare(std::int64_t b, RowId id, std::int64_t slot, simd::BlockRow& row) {
  const problem::Range range = reader_.range(b, id.row);
  row = {.q = reader_.q(b, id.row, id.head),
         .v_scale = reader_.tensors().v_scale(b, id.head),
         .first = range.begin,
         .last = range.end};
  row.factor = reader_.factor(b, id.head, row.factor_low);
  const double sink = reader_.sink(id.head);
  row.has_sink = sink != -kInfinity;
  row.sink = row.has_sink ? sink : 0;
  const std::int64_t lanes = keys_.dim_v;
  row.o = results_.data() + 3 * slot * lanes;
  row.o_low = row.o + lanes;
  row.ball = row.o_low + lanes;
  std::fill_n(row.o_low, lanes, 0.0);
  if (!reader_.has_additions(b)) return;
  double* const sum = additions_.data() + 3 * slot * keys_.count;
  double* const low = sum + keys_.count;
  double* const size = low + keys_.count;
  std::fill_n(sum, keys_.count, -kInfinity);
  std::fill_n(low, 2 * keys_.count, 0.0);
  reader_.additions(b, id.row, id.head, sum, low, size);
  row.extra = sum;
  row.extra_low = low;
  row.extra_size = size;
}

void Evaluator::evaluate_block(std::int64_t b, const std::vector<RowId>& rows, Expected& expected) {
  results_.resize(static_cast<std::size_t>(3 * simd::kBlockRows * keys_.dim_v));
  // (Megabytes where keys are many, of which a single row without any would need none.)
  if (reader_.has_additions(b)) {
    additions_.resize(
        std::max(additions_.size(), 3 * rows.size() * static_cast<std::size_t>(keys_.count)));
  }
  block_.keys = &keys_;
  block_.softcap = problem_.softcap;
  block_.num_rows = 0;
  std::vector<RowId> finite;
  for (const RowId id : rows) {
    if (!all_finite(reader_.q(b, id.row, id.head), keys_.dim_qk) ||
        std::isnan(reader_.sink(id.head)) || reader_.sink(id.head) == kInfinity) {
      judge_structure(b, id, {}, expected);
      continue;
    }
    simd::BlockRow& row = block_.rows[block_.num_rows];
    prepare(b, id, block_.num_rows, row);
    if (sees_bad_key(row)) {
      judge_structure(b, id, {}, expected);
      continue;
    }
    finite.push_back(id);
    ++block_.num_rows;
  }
  if (finite.empty()) return;
  simd::Scratch scratch{.memory = scratch_memory_.reserve(simd::scratch_size(keys_))};
  if (double_double_) {
    engine_.attend_double_double(block_, scratch);
  } else {
    scratch.keep_scores = true;
    engine_.attend_double(block_, scratch);
    shapes_.clear();
    for (const RowId id : finite) shapes_.push_back(reader_.shape(b, id.head));
    fast_.run(block_, scratch, shapes_);
  }
  for (std::size_t i = 0; i < finite.size(); ++i) {
    judge(b, finite[i], static_cast<std::int64_t>(i), expected);
  }
}

bool Evaluator::sees_bad_key(const simd::BlockRow& row) const {
  return std::any_of(bad_k_.begin(), bad_k_.end(), [&](std::int64_t j) {
    return j >= row.first && j < row.last && (row.extra == nullptr || row.extra[j] != -kInfinity);
  });
}

std::vector<bool> Evaluator::bad_lanes(std::int64_t b, RowId id, const simd::BlockRow& row) const {
  std::vector<bool> lanes;
  for (const std::int64_t j : bad_v_) {
    if (j < row.first || j >= row.last) continue;
    if (row.extra != nullptr && row.extra[j] == -kInfinity) continue;
    lanes.resize(static_cast<std::size_t>(keys_.dim_v));
    const double* const v = reader_.v(b, reader_.tensors().kv_head(id.head), j);
    for (std::size_t d = 0; d < lanes.size(); ++d) {
      if (!std::isfinite(v[d])) lanes[d] = true;
    }
  }
  return lanes;
}

std::size_t Evaluator::flat_row(std::int64_t b, RowId id) const {
  const std::int64_t row = reader_.tensors().first_row(b) + id.row;
  return static_cast<std::size_t>(row * problem_.num_q_heads + id.head);
}

void Evaluator::find_bounds(std::int64_t b, RowId id, std::int64_t slot) {
  const simd::BlockRow& row = block_.rows[slot];
  if (!double_double_ && fast_.covers(slot)) {
    fast_.bounds_of(slot, row, bound_);
    return;
  }
  reader_.read(b, id.row, id.head, input_);
  reader_.set_lse(row.lse, input_);
  input_.o = {row.o, static_cast<std::size_t>(keys_.dim_v)};
  if (!options_.statistical) input_.squares = {};
  row_bounds(input_, kernel_, scratch_, bound_);
}

void Evaluator::judge(std::int64_t b, RowId id, std::int64_t slot, Expected& expected) {
  const simd::BlockRow& row = block_.rows[slot];
  if (!row.finite) {
    judge_structure(b, id, {}, expected);
    return;
  }
  const auto lanes = static_cast<std::size_t>(keys_.dim_v);
  const std::size_t flat = flat_row(b, id);
  Reference* const o = expected.o.data() + flat * lanes;
  Reference& lse = expected.lse[flat];
  if (row.lse == -kInfinity) {
    std::fill_n(o, lanes, Reference{});
    lse = {.kind = Kind::kMinusInf};
    return;
  }
  // The bound of a lane with a non-finite value in sight is made of zeros and never used.
  const std::vector<bool> bad = bad_lanes(b, id, row);
  find_bounds(b, id, slot);
  for (std::size_t d = 0; d < lanes; ++d) {
    double ball = row.ball[d];
    if (!double_double_) {
      ball = std::min(ball, bound_.ball[d]);
    } else if (only_zeros(input_.v, lanes, d)) {
      ball = 0;  // its values are exact, while the row's ball goes by the keys it does not see
    }
    o[d] = {.value = row.o[d],
            .low = row.o_low[d],
            .ball = ball,
            .bound = bound_.o[d],
            .statistical = bound_.statistical[d]};
  }
  lse = {.value = row.lse, .low = row.lse_low, .ball = row.lse_ball, .bound = bound_.lse};
  if (!bad.empty()) judge_structure(b, id, bad, expected);
}

void Evaluator::judge_structure(std::int64_t b, RowId id, const std::vector<bool>& lanes,
                                Expected& expected) {
  const bool whole_row = lanes.empty();
  if (whole_row) reader_.read(b, id.row, id.head, input_);
  const Row<Mp> exact = precise_row(problem_, inputs_, b, id.head, id.row, options_);
  // A visible score of -infinity: 0 / 0 or 0 * infinity by the formula, while many kernels pass
  // over such a key like over a hidden one. The row decides nothing.
  const bool undefined =
      whole_row && std::find(input_.t.begin(), input_.t.end(), -kInfinity) != input_.t.end();
  const auto reference = [&](const Mp& exactly) {
    const auto value = static_cast<double>(exactly);
    if (std::isfinite(value) || undefined)
      return Reference{.value = std::isfinite(value) ? value : 0, .bound = kInfinity};
    return Reference{.kind = std::isnan(value) ? Kind::kNaN : Kind::kNonFinite};
  };
  const auto width = static_cast<std::size_t>(problem_.head_dim_v);
  const std::size_t flat = flat_row(b, id);
  for (std::size_t d = 0; d < width; ++d) {
    if (whole_row || lanes[d]) expected.o[flat * width + d] = reference(exact.o[d]);
  }
  if (whole_row) expected.lse[flat] = reference(exact.lse);
}

}  // namespace attest::oracle
