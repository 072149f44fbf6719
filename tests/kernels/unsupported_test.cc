#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/kernel_info.h"
#include "tests/kernels/declarations.h"

namespace attest::kernels {
namespace {

using problem::DType;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;
using tests::simple_info;
using tests::simple_problem;

/// A use of something, what is said where it is not declared, and the declaration that allows it.
struct Use {
  const char* says;
  std::function<void(Problem&, KvStorage&)> use;
  std::function<void(KernelInfo&)> declare;
};

std::function<void(KernelInfo&)> feature(std::uint64_t bits) {
  return [bits](KernelInfo& info) { info.capabilities.features |= bits; };
}

const std::vector<Use>& all_uses() {
  static const std::vector<Use> uses = {
      {"q of type f64",
       [](Problem& p, KvStorage&) { p.q_dtype = p.k_dtype = p.v_dtype = p.o_dtype = DType::kF64; },
       [](KernelInfo& i) { i.capabilities.q_dtypes |= ATTEST_DTYPE_BIT(ATTEST_F64); }},
      {"keys and values of type bf16 with q of type f32",
       [](Problem& p, KvStorage&) { p.k_dtype = p.v_dtype = DType::kBF16; },
       [](KernelInfo& i) { i.capabilities.kv_dtypes = ATTEST_DTYPE_BIT(ATTEST_BF16); }},
      {"output of type f16", [](Problem& p, KvStorage&) { p.o_dtype = DType::kF16; },
       [](KernelInfo& i) { i.capabilities.o_dtypes = ATTEST_DTYPE_BIT(ATTEST_F16); }},
      {"layout ",
       [](Problem&, KvStorage& s) {
         s = {KvLayout::kPagedNHD, 4, 4, {{0, 1}, {2, 3}}, 0, 0};
       },
       [](KernelInfo& i) { i.capabilities.layouts |= ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD); }},
      {"a causal mask", [](Problem& p, KvStorage&) { p.mask.causal = true; },
       feature(ATTEST_FEATURE_CAUSAL)},
      {"start_pos 1 other than kv_len - q_len = 3",
       [](Problem& p, KvStorage&) { p.sequences[0].start_pos = 1; },
       feature(ATTEST_FEATURE_START_POS)},
      {"a left window", [](Problem& p, KvStorage&) { p.mask.window_left = 3; },
       feature(ATTEST_FEATURE_WINDOW_LEFT)},
      {"a right window", [](Problem& p, KvStorage&) { p.mask.window_right = 0; },
       feature(ATTEST_FEATURE_WINDOW_RIGHT)},
      {"an attention chunk", [](Problem& p, KvStorage&) { p.mask.attention_chunk = 2; },
       feature(ATTEST_FEATURE_ATTENTION_CHUNK)},
      {"a tree mask",
       [](Problem& p, KvStorage&) {
         p.mask.tree = {{{-1, 0}}, {}};
       },
       feature(ATTEST_FEATURE_TREE)},
      {"a custom mask",
       [](Problem& p, KvStorage&) {
         p.mask.custom = {std::vector<std::uint8_t>(10, 1), std::vector<std::uint8_t>(14, 1)};
       },
       feature(ATTEST_FEATURE_CUSTOM_MASK)},
      {"a softcap", [](Problem& p, KvStorage&) { p.softcap = 50; },
       feature(ATTEST_FEATURE_SOFTCAP)},
      {"ALiBi slopes",
       [](Problem& p, KvStorage&) {
         p.alibi_slopes = {1, 1, 1, 1};
       },
       feature(ATTEST_FEATURE_ALIBI)},
      {"a bias", [](Problem& p, KvStorage&) { p.bias = problem::Bias::kShared; },
       feature(ATTEST_FEATURE_BIAS)},
      {"sinks",
       [](Problem& p, KvStorage&) {
         p.sinks = {0, 0, 0, 0};
       },
       feature(ATTEST_FEATURE_SINK)},
      {"quantisation scales", [](Problem& p, KvStorage&) { p.k_scale = {2}; },
       feature(ATTEST_FEATURE_SCALES)},
      {"quantisation scales", [](Problem& p, KvStorage&) { p.o_scale = 2; },
       feature(ATTEST_FEATURE_SCALES)},
      {"strides other than packed", [](Problem&, KvStorage& s) { s.strides.q.token = 3; },
       feature(ATTEST_FEATURE_STRIDES)},
      {"strides other than packed", [](Problem&, KvStorage& s) { s.strides.k.one_head = true; },
       feature(ATTEST_FEATURE_STRIDES)},
      {"kv_len 0", [](Problem& p, KvStorage&) { p.sequences[1].kv_len = 0; },
       feature(ATTEST_FEATURE_EMPTY_KV)},
      {"q_len 0", [](Problem& p, KvStorage&) { p.sequences[1].q_len = 0; },
       feature(ATTEST_FEATURE_EMPTY_Q)},
      {"q_len 2 longer than kv_len 1", [](Problem& p, KvStorage&) { p.sequences[1].kv_len = 1; },
       feature(ATTEST_FEATURE_Q_LONGER)},
      {"q_len 3 beside 2", [](Problem& p, KvStorage&) { p.sequences[1].q_len = 3; },
       feature(ATTEST_FEATURE_RAGGED)},
      {"head_dim_v 5", [](Problem& p, KvStorage&) { p.head_dim_v = 5; },
       feature(ATTEST_FEATURE_HEAD_DIM_V)},
      {"prefix of the keys", [](Problem& p, KvStorage&) { p.v_is_k_prefix = true; },
       feature(ATTEST_FEATURE_V_IS_K_PREFIX)},
  };
  return uses;
}

TEST(Unsupported, IsNothingForADeclaredProblem) {
  EXPECT_EQ(unsupported(simple_info(), simple_problem(), {}), std::nullopt);
}

TEST(Unsupported, NamesWhatIsNotDeclared) {
  for (const Use& use : all_uses()) {
    Problem problem = simple_problem();
    KvStorage storage;
    use.use(problem, storage);
    const auto said = unsupported(simple_info(), problem, storage);
    ASSERT_TRUE(said.has_value()) << use.says;
    EXPECT_NE(said->find(use.says), std::string::npos) << use.says << " / " << *said;
  }
}

TEST(Unsupported, IsNothingOnceItIsDeclared) {
  for (const Use& use : all_uses()) {
    Problem problem = simple_problem();
    KvStorage storage;
    use.use(problem, storage);
    KernelInfo info = simple_info();
    use.declare(info);
    EXPECT_EQ(unsupported(info, problem, storage), std::nullopt) << use.says;
  }
}

TEST(Unsupported, NeedsADeclaredAbsenceOfTheCausalMask) {
  KernelInfo info = simple_info();
  info.capabilities.features = ATTEST_FEATURE_CAUSAL;
  EXPECT_EQ(unsupported(info, simple_problem(), {}), "simple does not declare: no causal mask");
}

TEST(Unsupported, ChecksEverySet) {
  struct Set {
    const char* says;
    attest_set attest_capabilities::*member;
    std::int64_t value;
  };
  KvStorage paged{KvLayout::kPagedNHD, 4, 4, {{0, 1}, {2, 3}}, 0, 0};
  Problem problem = simple_problem();
  problem.head_dim_v = 5;
  const Set sets[] = {
      {"head_dim_qk 8", &attest_capabilities::head_dim_qk, 8},
      {"head_dim_v 5", &attest_capabilities::head_dim_v, 5},
      {"page_size 4", &attest_capabilities::page_size, 4},
      {"num_kv_heads 2", &attest_capabilities::num_kv_heads, 2},
      {"2 query heads per KV head", &attest_capabilities::group, 2},
      {"q_len 2", &attest_capabilities::q_len, 2},
      {"kv_len 7", &attest_capabilities::kv_len, 5},
      {"a batch of 2", &attest_capabilities::batch, 2},
  };
  for (const Set& set : sets) {
    KernelInfo info = simple_info();
    info.capabilities.layouts |= ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD);
    info.capabilities.features |= ATTEST_FEATURE_HEAD_DIM_V;
    attest_set& declared = info.capabilities.*set.member;
    declared.min = set.value;
    if (set.member != &attest_capabilities::kv_len) {
      EXPECT_EQ(unsupported(info, problem, paged), std::nullopt) << set.says;
      declared.min = set.value + 1;
    } else {
      declared.max = 6;  // of lengths 5 and 7
    }
    const auto said = unsupported(info, problem, paged);
    ASSERT_TRUE(said.has_value()) << set.says;
    EXPECT_NE(said->find(set.says), std::string::npos) << *said;
  }
}

TEST(Unsupported, DoesNotHoldAnEmptySequenceToTheSets) {
  KernelInfo info = simple_info();
  info.capabilities.features |= ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q;
  info.capabilities.q_len.count = 1;
  info.capabilities.q_len.list[0] = 1;
  info.capabilities.kv_len.min = 4;
  Problem problem = simple_problem();
  problem.sequences = {{1, 5, {}}, {0, 6, {}}, {1, 0, {}}, {1, 4, {}}};
  EXPECT_EQ(unsupported(info, problem, {}), std::nullopt);
}

TEST(Unsupported, KeysAndValuesHaveOneType) {
  KernelInfo info = simple_info();
  info.capabilities.kv_dtypes = ATTEST_DTYPE_BIT(ATTEST_E4M3) | ATTEST_DTYPE_BIT(ATTEST_E5M2);
  Problem problem = simple_problem();
  problem.k_dtype = DType::kE4M3;
  problem.v_dtype = DType::kE5M2;
  EXPECT_NE(unsupported(info, problem, {}), std::nullopt);
}

TEST(Unsupported, TopLeftKernelsStartAtZeroWhereverPositionsMatter) {
  KernelInfo info = simple_info();
  info.capabilities.features |= ATTEST_FEATURE_CAUSAL;
  info.conventions.causal_alignment = ATTEST_CAUSAL_TOP_LEFT;
  Problem problem = simple_problem();
  EXPECT_EQ(unsupported(info, problem, {}), std::nullopt) << "no mask, no position";
  problem.mask.causal = true;
  EXPECT_NE(unsupported(info, problem, {}), std::nullopt);
  for (auto& sequence : problem.sequences) sequence.start_pos = 0;
  EXPECT_EQ(unsupported(info, problem, {}), std::nullopt);
  for (auto& sequence : problem.sequences) sequence = {4, 4, {}};
  EXPECT_EQ(unsupported(info, problem, {}), std::nullopt) << "a whole prompt";
}

TEST(Unsupported, AsksForTheDeclaredGranularityOfStrides) {
  KernelInfo info = simple_info();
  info.capabilities.features |= ATTEST_FEATURE_STRIDES;
  info.capabilities.stride_alignment = 8;
  Problem problem = simple_problem();
  problem.head_dim_qk = problem.head_dim_v = 8;
  KvStorage storage;
  EXPECT_EQ(unsupported(info, problem, storage), std::nullopt);
  storage.strides.v.token = 16;
  EXPECT_EQ(unsupported(info, problem, storage), std::nullopt);
  storage.strides.k.one_head = true;
  EXPECT_EQ(unsupported(info, problem, storage), std::nullopt);
  storage.strides.v.token = 4;
  EXPECT_NE(unsupported(info, problem, storage).value_or("").find("a stride of "),
            std::string::npos);
  storage.strides.v = {};
  storage.strides.o.lane = 1;
  EXPECT_NE(unsupported(info, problem, storage).value_or("").find("a stride of 2"),
            std::string::npos);
}

TEST(Unsupported, TakesGapsThatMoveNothingForPacked) {
  const KernelInfo info = simple_info();
  Problem problem = simple_problem();
  problem.sequences = {{1, 5, {}}};
  problem.num_q_heads = problem.num_kv_heads = 1;
  KvStorage storage;
  storage.strides.q = {0, 3, 2, 0, true};
  storage.strides.lse.token = 1;
  EXPECT_EQ(unsupported(info, problem, storage), std::nullopt);
  problem.sequences[0].q_len = 2;
  EXPECT_NE(unsupported(info, problem, storage), std::nullopt);
}

}  // namespace
}  // namespace attest::kernels
