// Works out by brute force where poison may lie, and looks there and everywhere else.
#include <cmath>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "oracle/visible.h"
#include "properties/placement.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"
#include "tests/properties/placed_call.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::DType;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;
using tests::bits_at;
using tests::slot_count;
using tests::slot_of;
using tests::value_at;

/// What poison may do to a slot: every place it belongs to for some sequence, and whether a judged
/// row hears it.
struct Use {
  bool heard = false, token = false, tail = false, future = false, outside = false;
};

std::vector<Use> brute_force_uses(const Scene& scene, const attest_attend& call) {
  std::vector<Use> uses(static_cast<std::size_t>(slot_count(call)));
  const auto& problem = scene.problem;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto [q_len, kv_len, start] = problem.sequences[b];
    const problem::Range rows =
        scene.judged_rows.empty() ? problem::Range{0, q_len} : scene.judged_rows[b];
    for (std::int64_t token = 0; token < kv_len; ++token) {
      Use& use = uses[static_cast<std::size_t>(slot_of(call, b, token))];
      use.token = true;
      bool heard = false, later_than_all = true;
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        heard = heard || oracle::visible(problem, b, row, token);
        later_than_all = later_than_all && oracle::key_position(problem, b, token) >
                                               oracle::query_position(problem, b, row);
      }
      use.heard = use.heard || heard;
      use.future = use.future || (!heard && later_than_all);
      use.outside = use.outside || (!heard && !later_than_all);
    }
    std::int64_t room = kv_len;
    if (call.layout == ATTEST_LAYOUT_CONTIGUOUS) {
      room = call.cu_seqlens_k.host[b + 1] - call.cu_seqlens_k.host[b];
    } else if (call.layout == ATTEST_LAYOUT_PADDED) {
      room = call.k.shape[1];
    } else {
      room = (kv_len + call.page_size - 1) / call.page_size * call.page_size;
    }
    for (std::int64_t token = kv_len; token < room; ++token) {
      uses[static_cast<std::size_t>(slot_of(call, b, token))].tail = true;
    }
  }
  return uses;
}

/// Whether the slot is of the place for everybody; nothing when sequences that share it disagree.
std::optional<bool> belongs(const Use& use, PoisonPlace place) {
  if (use.heard) return false;
  switch (place) {
    case PoisonPlace::kFuture:
      if (use.future && use.outside) return std::nullopt;
      return use.future;
    case PoisonPlace::kOutsideWindow:
      if (use.future && use.outside) return std::nullopt;
      return use.outside;
    case PoisonPlace::kPageTail:
      return use.tail && !use.token;
    case PoisonPlace::kFreePages:
      return !use.tail && !use.token;
    default:
      return false;
  }
}

bool is_poison(PoisonKind kind, DType type, double value, bool in_k) {
  const double infinity = std::numeric_limits<double>::infinity();
  switch (kind) {
    case PoisonKind::kNaN:
      return std::isnan(value);
    case PoisonKind::kPlusInf:
      return value == infinity;
    case PoisonKind::kMinusInf:
      return value == -infinity;
    case PoisonKind::kLargest:
      return value == problem::largest_finite(type);
    case PoisonKind::kDominating:
      return in_k ? std::isfinite(value) : value == 1e4;
  }
  return false;
}

class PoisonTest : public ::testing::TestWithParam<PoisonPlace> {
 protected:
  kernels::Arena arena_{std::size_t{1} << 28};
  kernels::Arena clean_arena_{std::size_t{1} << 28};
};

TEST_P(PoisonTest, FillsAllUnheardPlacesOfItsNameAndNothingElse) {
  const PoisonPlace where = GetParam();
  const KernelInfo info = tests::builtin("cpu/sliding_window_f32");
  const Property& property =
      *find_property(where == PoisonPlace::kOutsideWindow ? "window.outside_inaudible"
                                                          : "causality.future_poison");
  int poisoned = 0, spared = 0;
  for (std::uint64_t k = 0; k < 150; ++k) {
    Scene scene = scene_of(draw_case(property, info, 1, k));
    const bool early = where == PoisonPlace::kFuture;
    for (const auto& sequence : scene.problem.sequences) {
      scene.judged_rows.push_back(early ? problem::Range{0, (sequence.q_len + 1) / 2}
                                        : problem::Range{sequence.q_len / 2, sequence.q_len});
    }
    const auto kind = static_cast<PoisonKind>(k % problem::kNumPoisonKinds);
    const Poison poison{where, kind, k % 3 != 1, k % 3 != 0};
    scene.poisons = {poison};
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    Scene clean_scene = scene;
    clean_scene.poisons.clear();
    kernels::Launch clean_launch(clean_arena_);
    const attest_attend& clean = *place(clean_scene, info, clean_launch, true);

    const std::vector<Use> uses = brute_force_uses(scene, call);
    for (std::size_t slot = 0; slot < uses.size(); ++slot) {
      const auto expected = belongs(uses[slot], where);
      if (!expected) continue;
      for (const bool in_k : {true, false}) {
        const attest_tensor& tensor = in_k ? call.k : call.v;
        const bool filled = *expected && (in_k ? poison.in_k : poison.in_v);
        const std::int64_t lanes = in_k ? scene.problem.head_dim_qk : scene.problem.head_dim_v;
        for (std::int64_t head = 0; head < scene.problem.num_kv_heads; ++head) {
          for (std::int64_t lane = 0; lane < lanes; ++lane) {
            const auto s = static_cast<std::int64_t>(slot);
            if (filled) {
              ASSERT_TRUE(is_poison(kind, DType::kF32, value_at(call, tensor, s, head, lane), in_k))
                  << "case " << k << ", slot " << s;
            } else {
              ASSERT_EQ(bits_at(call, tensor, s, head, lane),
                        bits_at(clean, in_k ? clean.k : clean.v, s, head, lane))
                  << "case " << k << ", slot " << s;
            }
          }
        }
        ++(filled ? poisoned : spared);
      }
    }
  }
  EXPECT_GT(poisoned, 100);
  EXPECT_GT(spared, 100);
}

INSTANTIATE_TEST_SUITE_P(Places, PoisonTest,
                         ::testing::Values(PoisonPlace::kFuture, PoisonPlace::kOutsideWindow,
                                           PoisonPlace::kPageTail, PoisonPlace::kFreePages),
                         [](const auto& param) { return std::string(name_of(param.param)); });

}  // namespace
}  // namespace attest::properties
