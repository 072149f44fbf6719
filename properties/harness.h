// Places scenes in memory, runs them on a kernel, reads results back and judges them. Everything a
// property needs between its case and its verdict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/launch.h"
#include "kernels/session.h"
#include "oracle/compare.h"
#include "oracle/expected.h"
#include "problem/elements.h"
#include "problem/verdict.h"
#include "properties/scene.h"

namespace attest::properties {

/// Results of one attend or attend_partial: o [total_q, num_q_heads, head_dim_v], lse [total_q,
/// num_q_heads] (as the kernel wrote it, in its own base; empty when not returned).
struct Outputs {
  problem::Elements o;
  problem::Elements lse;
};

/// What a call that has run returned.
Outputs read_outputs(const attest_attend& call);

/// A run that did not end as it should carries the verdict to return.
struct Run {
  Outputs out;
  std::optional<problem::Verdict> failure;
  std::string path;
};

/// Partial or whole results as (o, lse) for merging.
using State = Outputs;

struct Statistics {
  std::int64_t checks = 0;
  std::int64_t kernel_calls = 0;
  std::int64_t generate_ns = 0;  ///< drawing cases and making their values
  std::int64_t oracle_ns = 0;
  std::int64_t kernel_ns = 0;
  std::int64_t total_ns = 0;
  std::int64_t escalations = 0;   ///< elements that needed the multiprecision definition
  std::int64_t vacuous = 0;       ///< elements whose bound was infinite
  std::int64_t second_looks = 0;  ///< results that were suspicious enough to be repeated
};

/// What the last check expected and got, for `attest show`.
struct Trace {
  Scene scene;
  oracle::Expected expected;
  Outputs got;
  bool recorded = false;
};

struct Suspect;

class Harness {
 public:
  explicit Harness(kernels::Session& session) : session_(session) {}

  const kernels::KernelInfo& info() const { return session_.info(); }
  kernels::Session& session() { return session_; }
  Statistics& statistics() { return statistics_; }
  /// When set, the first scene of each check with its oracle and results is kept in trace().
  void record(bool on) { recording_ = on; }
  bool recording() const { return recording_; }
  const Trace& trace() const { return trace_; }
  void forget() { trace_ = Trace{}; }
  /// Of planted kernels: whether the line that makes them wrong ran in the last run_check().
  bool defect_ran() const { return defect_ran_; }
  void defect_ran(bool yes) { defect_ran_ = yes; }
  /// When set, judge() repeats results that are suspicious (second_look.h).
  void second_looks(bool on) { second_looks_ = on; }

  /// A new workspace, for kernels whose workspace is zeroed once: within a check, calls pass it on.
  void begin_check();

  /// scene_of(), with the time it takes counted as generation.
  Scene scene(const problem::Case& value);

  /// Whether the kernel declares the scene's call (capabilities and its own supports()). When
  /// supports() itself crashes: true, and the next attend() carries that failure.
  bool supported(const Scene& scene);

  Run attend(const Scene& scene);
  /// Keys [keys[b].begin, keys[b].end) of each sequence.
  Run attend_partial(const Scene& scene, const std::vector<problem::Range>& keys);
  /// Merges states of `rows` rows each. in_place: the result overwrites states[0]. Every second
  /// state and the result have the gaps that `strides` gives outputs, where the kernel declares
  /// strides: each has to be read with its own.
  Run merge(std::int64_t rows, std::int64_t num_q_heads, std::int64_t head_dim_v,
            const std::vector<State>& states, bool in_place = false,
            const problem::Strides& strides = {});
  struct AppendCall {
    problem::KvLayout layout = problem::KvLayout::kPagedNHD;
    /// Padded: room of a sequence and sequences. Contiguous: their product is the number of slots.
    std::int64_t num_kv_heads = 1, head_dim_qk = 1, head_dim_v = 1, page_size = 1, num_pages = 1;
    problem::DType dtype = problem::DType::kF32;  ///< of the cache; k_new and v_new have their own
    problem::Elements k_new, v_new;               ///< [tokens, num_kv_heads, head_dim]
    std::vector<std::int64_t> slots;              ///< [tokens]
    problem::Elements k_cache,
        v_cache;                 ///< before; [num_pages * page_size, num_kv_heads, head_dim]
    bool v_is_k_prefix = false;  ///< v_new and v_cache are then views of k_new and k_cache
    problem::Scales k_scale = {}, v_scale = {};  ///< the cache stores encode(x / scale)
    problem::Strides strides = {};               ///< those of k and v
  };
  struct AppendRun {
    problem::Elements k_cache, v_cache;  ///< after
    std::optional<problem::Verdict> failure;
  };
  AppendRun append(const AppendCall& call);

  /// Reference and bounds for a scene on this kernel.
  oracle::Expected expect(const Scene& scene, const oracle::ExpectOptions& options = {});

  struct JudgeOptions {
    oracle::ExpectOptions options = {};  ///< as given to expect()
    bool o = true, lse = true;           ///< what is judged
    /// Gets a result of another scene in the way this one was got; without it there are no second
    /// looks.
    std::function<Run(const Scene&)> again = {};
  };
  /// Judges results against the oracle; escalates and confirms by the multiprecision definition.
  /// Only judged rows count. A pass may carry a suspicion.
  problem::Verdict judge(const Scene& scene, oracle::Expected expected, const Outputs& got,
                         const JudgeOptions& options);
  problem::Verdict judge(const Scene& scene, oracle::Expected expected, const Outputs& got) {
    return judge(scene, std::move(expected), got, JudgeOptions{});
  }

  /// Two results of calls with equal exact answers. Bitwise when `exact`, else within the sum of
  /// the bounds, which are worked out for `scene`. `rows`: flat rows (of all heads) to compare and
  /// their counterparts; empty: all.
  struct RowPair {
    std::int64_t a, b;  ///< query rows (not counting heads) in a and b
  };
  problem::Verdict same(const Scene& scene, const Outputs& a, const Outputs& b, bool exact,
                        const std::vector<RowPair>& rows = {},
                        const oracle::ExpectOptions& options = {});

  /// What one unit of the kernel's lse stands for in nats.
  double lse_unit() const;

 private:
  /// judge() without a second look; `suspect` gets the worst element that asks for one.
  problem::Verdict judge_once(const Scene& scene, oracle::Expected expected, const Outputs& got,
                              const JudgeOptions& options, std::optional<Suspect>& suspect);

  /// After a call: what its workspace holds is what the next call gets, where it is zeroed once.
  void keep_workspace(const kernels::RunResult& result, const void* workspace, std::size_t bytes);

  kernels::Session& session_;
  std::vector<std::byte> kept_workspace_;
  Statistics statistics_;
  Trace trace_;
  std::optional<problem::Verdict> broken_supports_;  ///< supports() crashed or hung
  bool recording_ = false;
  bool second_looks_ = false;
  bool defect_ran_ = false;
};

}  // namespace attest::properties
