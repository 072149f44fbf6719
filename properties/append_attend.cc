#include "properties/append_attend.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "oracle/rotary.h"
#include "problem/index.h"
#include "properties/append_attend_call.h"
#include "properties/families.h"
#include "properties/slots.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::DType;
using problem::Elements;
using problem::KvLayout;
using problem::Problem;
using problem::Rotary;
using problem::Verdict;

/// Why the scene is none of an append, or empty.
std::string reason_against(const Scene& scene, Harness& harness) {
  const Problem& problem = scene.problem;
  const auto layout = scene.storage.layout;
  if (layout != KvLayout::kContiguous && layout != KvLayout::kPadded &&
      layout != KvLayout::kPagedNHD) {
    return "a layout whose slots are not read back";
  }
  if (problem.v_is_k_prefix) return "values that are a prefix of the keys";
  if (scene.storage.strides.k.one_head || scene.storage.strides.v.one_head)
    return "heads that lie on one another";
  if (!problem.k_scale.empty() || !problem.v_scale.empty()) return "a cache with scales";
  for (const auto& sequence : problem.sequences) {
    if (sequence.q_len > sequence.kv_len) return "more rows than tokens";
    if (sequence.first_position() != sequence.kv_len - sequence.q_len && sequence.q_len > 0)
      return "rows that are not the last tokens";
  }
  for (const Elements* cache : {&scene.inputs.k, &scene.inputs.v}) {
    for (std::size_t i = 0; i < cache->size(); ++i) {
      const double value = cache->value(i);
      if (problem::round_to(problem.q_dtype, value) != value) return "keys that q's type lacks";
    }
  }
  // A slot that two tokens have cannot be new to one of them.
  const Slots slots(problem, scene.storage);
  if (slots.sparse() || slots.count() > (1 << 20)) return "a pool larger than is read back";
  std::vector<int> users(static_cast<std::size_t>(slots.count()), 0);
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t t = 0; t < problem.sequences[b].kv_len; ++t)
      ++users[static_cast<std::size_t>(slots.of(b, t))];
  }
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto& sequence = problem.sequences[b];
    for (std::int64_t t = sequence.kv_len - sequence.q_len; t < sequence.kv_len; ++t) {
      if (users[static_cast<std::size_t>(slots.of(b, t))] > 1)
        return "a new token on a shared page";
    }
  }
  return harness.supported(scene) ? "" : "outside the kernel's declaration";
}

/// Elements [first, first + count) of a tensor.
Elements slice(const Elements& from, std::int64_t first, std::int64_t count) {
  Elements out(from.type(), at(count));
  for (std::int64_t i = 0; i < count; ++i) out.set_bits(at(i), from.bits(at(first + i)));
  return out;
}

Verdict wrong_slot(bool is_k, std::int64_t slot, const std::string& what,
                   const oracle::Deviation& deviation) {
  Verdict verdict =
      Verdict::fail(deviation.failure_class, {},
                    deviation.failure_class == "value" ? deviation.severity : problem::kStructural);
  verdict.message =
      std::string(is_k ? "k" : "v") + "_cache slot " + std::to_string(slot) + " " + what;
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, ": %.9g, expected %.9g", deviation.got,
                deviation.expected);
  verdict.message += numbers;
  verdict.where = problem::Where{.tensor = is_k ? "k_cache" : "v_cache"};
  verdict.expected = deviation.expected;
  verdict.got = deviation.got;
  verdict.bound = deviation.bound;
  return verdict;
}

/// The cache after the call: slots of new tokens as `judge` wants them, all others as they were.
/// judge(sequence, token, head, row) gives the deviation of `row` [head_dim].
template <typename Judge>
Verdict judge_cache(const Scene& scene, bool is_k, const Elements& before, const Elements& after,
                    Judge judge) {
  const Problem& problem = scene.problem;
  const Slots slots(problem, scene.storage);
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const std::int64_t row = problem.num_kv_heads * dim;
  Elements others = before;
  Verdict whole = Verdict::pass();
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto& sequence = problem.sequences[b];
    for (std::int64_t t = sequence.kv_len - sequence.q_len; t < sequence.kv_len; ++t) {
      const std::int64_t slot = slots.of(b, t);
      for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
        const std::int64_t first = slot * row + head * dim;
        const oracle::Deviation deviation = judge(b, t, head, slice(after, first, dim));
        if (deviation.bad())
          return wrong_slot(is_k, slot, "does not hold the appended token", deviation);
        whole.severity = std::max(whole.severity, deviation.severity);
      }
      for (std::int64_t i = slot * row; i < (slot + 1) * row; ++i)
        others.set_bits(at(i), after.bits(at(i)));
    }
  }
  const oracle::Deviation untouched = oracle::compare_bits(after, others);
  if (untouched.bad()) {
    return wrong_slot(is_k, static_cast<std::int64_t>(untouched.first) / row,
                      "was changed although no token goes there", untouched);
  }
  return whole;
}

/// First element of a token's row among the inputs.
std::int64_t input_row(const Problem& problem, std::int64_t b, std::int64_t t, std::int64_t row) {
  return (first_new_token(problem, b) + t -
          (problem.sequences[b].kv_len - problem.sequences[b].q_len)) *
         row;
}

/// New tokens are in the cache bit for bit.
Verdict judge_copied(const Scene& scene, bool is_k, const AppendAttendRun& run) {
  const Problem& problem = scene.problem;
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
  return judge_cache(scene, is_k, is_k ? run.k_before : run.v_before,
                     is_k ? run.k_after : run.v_after,
                     [&](std::int64_t b, std::int64_t t, std::int64_t head, const Elements& got) {
                       const std::int64_t first =
                           input_row(problem, b, t, problem.num_kv_heads * dim) + head * dim;
                       return oracle::compare_bits(got, slice(from, first, dim));
                     });
}

std::vector<double> values(const Elements& from, std::int64_t first, std::int64_t count) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(from.value(at(first + i)));
  return out;
}

/// The key of a new token, turned.
std::vector<oracle::TurnedLane> turned_key(const Scene& scene, const Rotary& rotary, std::int64_t b,
                                           std::int64_t t, std::int64_t head, Harness& harness) {
  const Problem& problem = scene.problem;
  const std::int64_t dim = problem.head_dim_qk;
  const std::int64_t first = input_row(problem, b, t, problem.num_kv_heads * dim) + head * dim;
  return oracle::turn(rotary, t, values(scene.inputs.k, first, dim),
                      harness.info().declared_numerics(problem.q_dtype), problem.k_dtype);
}

Verdict judge_turned(const Scene& scene, const Rotary& rotary, const AppendAttendRun& run,
                     Harness& harness) {
  return judge_cache(scene, true, run.k_before, run.k_after,
                     [&](std::int64_t b, std::int64_t t, std::int64_t head, const Elements& got) {
                       std::vector<oracle::Reference> wanted;
                       for (const auto& lane : turned_key(scene, rotary, b, t, head, harness))
                         wanted.push_back(lane.reference);
                       return oracle::compare(got, wanted);
                     });
}

/// Queries and new keys as they are after the rotary embedding, or false where a kernel may round.
bool turn_exactly(const Rotary& rotary, Harness& harness, Scene& scene) {
  const Problem& problem = scene.problem;
  const std::int64_t dim = problem.head_dim_qk;
  const auto numerics = harness.info().declared_numerics(problem.q_dtype);
  bool exact = true;
  const auto store = [&](const std::vector<oracle::TurnedLane>& lanes, std::int64_t first,
                         Elements& to) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      exact = exact && lanes[lane].exact;
      to.set(at(first) + lane, lanes[lane].reference.value);
    }
  };
  Elements q = scene.inputs.q;
  Elements k = scene.inputs.k;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto& sequence = problem.sequences[b];
    for (std::int64_t i = 0; i < sequence.q_len; ++i) {
      const std::int64_t t = sequence.kv_len - sequence.q_len + i;
      for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
        store(turned_key(scene, rotary, b, t, head, harness),
              input_row(problem, b, t, problem.num_kv_heads * dim) + head * dim, k);
      }
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head) {
        const std::int64_t first = ((problem.first_row(b) + i) * problem.num_q_heads + head) * dim;
        store(
            oracle::turn(rotary, t, values(scene.inputs.q, first, dim), numerics, problem.q_dtype),
            first, q);
      }
    }
  }
  scene.inputs.q = std::move(q);
  scene.inputs.k = std::move(k);
  return exact;
}

/// Tables over all positions. `number` draws from 64 bits.
template <typename Number>
Rotary make_rotary(const Scene& scene, std::int64_t dim, bool interleaved, Number number) {
  Rotary rotary{.dim = dim, .interleaved = interleaved, .cos = {}, .sin = {}};
  const std::size_t count = at(scene.problem.max_kv_len() * (dim / 2));
  rotary.cos = Elements(DType::kF32, count);
  rotary.sin = Elements(DType::kF32, count);
  for (std::size_t i = 0; i < count; ++i) {
    rotary.cos.set(i, number(problem::derive_seed(scene.junk_seed + 30, i)));
    rotary.sin.set(i, number(problem::derive_seed(scene.junk_seed + 31, i)));
  }
  return rotary;
}

/// -1 to 1 in eighths: few bits, so that products with few bits are exact. Rotations they are not,
/// but whoever multiplies by a table does not know.
double short_number(std::uint64_t bits) { return static_cast<double>(bits % 17) / 8.0 - 1.0; }
/// -1 to 1 with all the bits of an f32.
double long_number(std::uint64_t bits) {
  return static_cast<double>(static_cast<float>(bits % (1u << 25)) / static_cast<float>(1u << 24)) -
         1.0;
}

/// Calls check(rotary) for every style the kernel declares, all lanes and a part of them; the first
/// failure, else the worst pass.
template <typename Number, typename Check>
Verdict for_each_rotary(const Scene& scene, const kernels::KernelInfo& info, Number number,
                        Check check) {
  const std::int64_t all = scene.problem.head_dim_qk / 2 * 2;
  const std::int64_t part = all / 4 * 2;
  Verdict whole = Verdict::skipped("no pair of lanes, or none that is turned exactly");
  for (const bool interleaved : {false, true}) {
    if (!info.has(interleaved ? ATTEST_FEATURE_ROTARY_INTERLEAVED : ATTEST_FEATURE_ROTARY_HALVES))
      continue;
    for (const std::int64_t dim : {all, part}) {
      if (dim == 0 || scene.problem.max_kv_len() == 0) continue;
      Verdict verdict = check(make_rotary(scene, dim, interleaved, number));
      if (verdict.failed()) {
        verdict.message += std::string("; ") + (interleaved ? "interleaved" : "half-split") +
                           " rotary embedding of " + std::to_string(dim) + " lanes";
        return verdict;
      }
      add_pass(verdict, whole);
    }
  }
  return whole;
}

}  // namespace

Verdict check_append_attend(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (const std::string why = reason_against(scene, harness); !why.empty())
    return Verdict::skipped(why);
  const AppendAttendRun run = append_attend(scene, {}, harness);
  if (run.failure) return *run.failure;
  for (const bool is_k : {true, false}) {
    const Verdict verdict = judge_copied(scene, is_k, run);
    if (verdict.failed()) return verdict;
  }
  Verdict verdict = harness.judge(scene, harness.expect(scene), run.out);
  if (verdict.failed() || !can_attend(harness.info())) return verdict;
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  Verdict same = harness.same(scene, run.out, whole.out, false);
  if (same.failed()) return same;
  return verdict;
}

Verdict check_rotary(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (const std::string why = reason_against(scene, harness); !why.empty())
    return Verdict::skipped(why);
  return for_each_rotary(scene, harness.info(), short_number, [&](const Rotary& rotary) {
    Scene turned = scene;
    if (!turn_exactly(rotary, harness, turned)) return Verdict::skipped("turning rounds");
    const AppendAttendRun run = append_attend(scene, rotary, harness);
    if (run.failure) return *run.failure;
    Verdict verdict = judge_turned(scene, rotary, run, harness);
    if (verdict.failed()) return verdict;
    return harness.judge(turned, harness.expect(turned), run.out);
  });
}

Verdict check_rotary_cache(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (const std::string why = reason_against(scene, harness); !why.empty())
    return Verdict::skipped(why);
  if (scene.problem.total_q() == 0) return Verdict::skipped("no new tokens");
  return for_each_rotary(scene, harness.info(), long_number, [&](const Rotary& rotary) {
    const AppendAttendRun run = append_attend(scene, rotary, harness);
    if (run.failure) return *run.failure;
    const Verdict values_kept = judge_copied(scene, false, run);
    if (values_kept.failed()) return values_kept;
    return judge_turned(scene, rotary, run, harness);
  });
}

void make_rows_new(Draw& draw, Case& value) {
  auto& problem = value.problem();
  const bool shaped = !problem.mask.custom.empty() || !problem.mask.tree.empty();
  for (auto& sequence : problem.sequences) {
    sequence.start_pos.reset();
    if (!shaped) sequence.q_len = std::min(sequence.q_len, sequence.kv_len);
  }
  if (!problem::is_paged(value.storage.layout)) return;
  const auto layout = value.storage.layout;
  value.storage = draw_paged_storage(draw, problem, value.storage.page_size, false);
  value.storage.layout = layout;
}

bool appends_and_attends_at_once(const kernels::KernelInfo& info) {
  return info.can(ATTEST_OP_APPEND_ATTEND);
}
bool turns(const kernels::KernelInfo& info) {
  return info.can(ATTEST_OP_APPEND_ATTEND) &&
         (info.has(ATTEST_FEATURE_ROTARY_HALVES) || info.has(ATTEST_FEATURE_ROTARY_INTERLEAVED));
}

}  // namespace attest::properties
