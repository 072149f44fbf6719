// Input for the engine of oracle/simd/, what it makes of it, and what 50 digits say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oracle/mp.h"
#include "oracle/simd/engine.h"

namespace attest::tests {

enum class EngineData {
  kNormal,
  kLargeScores,
  kHeavyTails,
  kHuge,  ///< values near overflow, scores up to 2^60
  kTiny,  ///< subnormal values, tiny queries and keys
  kOneHot,
  kOffset,  ///< all numbers near 100
  kFloats,
};
inline constexpr int kNumEngineData = 8;

struct EngineShape {
  std::int64_t rows = 12, count = 0, dim_qk = 0, dim_v = 0;
};

/// One KV head and some rows.
struct EngineExample {
  struct Row {
    std::vector<double> q, extra, extra_low, extra_size;
    double factor = 1, factor_low = 0, v_scale = 1, sink = 0;
    bool has_sink = false;
    std::int64_t first = 0, last = 0;
  };
  EngineShape shape;
  double softcap = 0;
  std::vector<double> k, v;  ///< [count, dim]
  std::vector<Row> rows;
};

/// Same arguments, same example. `features`: softcap, extra with hidden keys, sinks, ranges, scales
/// in two parts, at random; else every row sees every key.
EngineExample engine_example(EngineData data, const EngineShape& shape, bool features,
                             std::uint64_t seed);

enum class Tier { kDouble, kDoubleDouble };

struct EngineResult {
  std::vector<double> o, o_low, ball;
  double lse = 0, lse_low = 0, lse_ball = 0, max_t = 0, l = 0;
  bool finite = true;
  // Per key from the first panel of the block, when asked for. scores: t_j.
  std::int64_t first_key = 0;
  std::vector<double> weights, dots, scores;
};

/// Evaluates the rows in blocks of `at_once`.
std::vector<EngineResult> run_engine(const oracle::simd::Engine& engine, Tier tier,
                                     const EngineExample& example,
                                     std::int64_t at_once = oracle::simd::kBlockRows,
                                     bool keep_scores = false);

struct EngineTruth {
  std::vector<oracle::Mp> o;
  oracle::Mp lse;
  bool empty = true;  ///< no visible key
};

/// The definition (oracle/definition.h) in the engine's terms.
EngineTruth true_row(const EngineExample& example, const EngineExample::Row& row);

/// The engines this machine has.
std::vector<const oracle::simd::Engine*> engines_here();

}  // namespace attest::tests
