// The fast evaluation behind expected.h: inputs are decoded once, rows that share a KV head go
// through the engine (oracle/simd/engine.h) in blocks, and rows with something non-finite in sight
// go to the definition. Internal to oracle/.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/aligned.h"
#include "oracle/bounds.h"
#include "oracle/decode.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "oracle/fast_bounds.h"
#include "oracle/mp.h"
#include "oracle/row_reader.h"
#include "oracle/simd/engine.h"

namespace attest::oracle {

class Evaluator {
 public:
  /// Keeps references to its arguments.
  Evaluator(const problem::Problem& problem, const problem::Inputs& inputs,
            const problem::Numerics& numerics, const ExpectOptions& options);

  /// Fills in every element of `expected`, which has its final size.
  void run(Expected& expected);

 private:
  /// A query row of one head.
  struct RowId {
    std::int64_t row, head;
  };

  /// Packs the keys of one head; elements that are not finite become 0 and are noted.
  void pack(std::int64_t b, std::int64_t kv_head);
  void clean(std::int64_t b, std::int64_t kv_head);
  void evaluate_block(std::int64_t b, const std::vector<RowId>& rows, Expected& expected);
  void prepare(std::int64_t b, RowId id, std::int64_t slot, simd::BlockRow& row);
  /// Value, ball and bounds of one row.
  void judge(std::int64_t b, RowId id, std::int64_t slot, Expected& expected);
  /// Sets bound_, the fast way where it covers the row.
  void find_bounds(std::int64_t b, RowId id, std::int64_t slot);
  /// Rows with something non-finite in sight: what the definition at 50 digits says. `lanes`: only
  /// those that are set; empty: all, and lse.
  void judge_structure(std::int64_t b, RowId id, const std::vector<bool>& lanes,
                       Expected& expected);
  /// Lanes of V that are not finite at a key this row sees.
  std::vector<bool> bad_lanes(std::int64_t b, RowId id, const simd::BlockRow& row) const;
  bool sees_bad_key(const simd::BlockRow& row) const;
  std::size_t flat_row(std::int64_t b, RowId id) const;

  const problem::Problem& problem_;
  const ExpectOptions& options_;
  const problem::Inputs& inputs_;
  const DecodedInputs decoded_;
  const bool double_double_;
  const Arithmetic kernel_;
  const simd::Engine& engine_;
  RowReader reader_;
  FastBounds fast_;

  // One KV head of one sequence.
  simd::Keys keys_;
  AlignedMemory<double> keys_memory_, scratch_memory_;
  std::vector<double> clean_k_, clean_v_;
  std::vector<std::int64_t> bad_k_, bad_v_;  ///< keys with elements that are not finite

  // One block.
  simd::Block block_;
  std::vector<double> additions_, results_;
  std::vector<RowShape> shapes_;
  BoundInput input_;
  BoundScratch scratch_;
  RowBound bound_;
};

/// The definition at 50 digits; NaN and infinities kept.
Row<Mp> precise_row(const problem::Problem& problem, const problem::Inputs& inputs, std::int64_t b,
                    std::int64_t head, std::int64_t row, const ExpectOptions& options);

}  // namespace attest::oracle
