#include "properties/graph_replay.h"

#include <string>
#include <vector>

#include "properties/families.h"
#include "properties/placement.h"
#include "properties/plan_once.h"
#include "properties/run_failure.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using problem::Case;
using problem::Verdict;

std::vector<std::int32_t> lengths_of(const problem::Problem& problem) {
  std::vector<std::int32_t> lengths;
  for (const problem::Sequence& sequence : problem.sequences) {
    lengths.push_back(static_cast<std::int32_t>(sequence.kv_len));
  }
  return lengths;
}

std::vector<std::int32_t> positions_of(const problem::Problem& problem) {
  std::vector<std::int32_t> positions;
  for (const problem::Sequence& sequence : problem.sequences) {
    positions.push_back(static_cast<std::int32_t>(sequence.first_position()));
  }
  return positions;
}

/// The first kv_len[b] tokens of each sequence; positions as `sequences` has them.
Scene first_tokens(const Scene& captured, const std::vector<problem::Sequence>& sequences) {
  std::vector<RowCut> cuts;
  for (const problem::Sequence& sequence : sequences) {
    cuts.push_back({.first = 0, .count = sequence.q_len, .kv_len = sequence.kv_len});
  }
  Scene now = cut_rows(captured, cuts);
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    now.problem.sequences[b].start_pos = sequences[b].start_pos;
  }
  return now;
}

}  // namespace

Run attend_in_graph_of(const Scene& captured, const Scene& now, Harness& harness) {
  Run run;
  Launch launch(harness.session().arena());
  attest_attend* call = place(captured, harness.info(), launch, true);
  run.failure = unfinished(place_workspace(harness, captured, launch, *call), launch);
  if (run.failure) return run;
  call->kv_len.device = launch.ints("kv_len", lengths_of(now.problem)).device;
  call->start_pos.device = launch.ints("start_pos", positions_of(now.problem)).device;
  launch.seal();
  const InDeviceMode mode(harness.session(), kernels::DeviceMode::kGraph);
  const kernels::RunResult result = harness.session().attend(call);
  ++harness.statistics().kernel_calls;
  run.path = result.path;
  run.failure = failure_of(result, launch);
  if (run.failure) return run;
  run.out = read_outputs(*call);
  return run;
}

Verdict check_graph_replay(const Case& value, Harness& harness) {
  const kernels::KernelInfo& info = harness.info();
  const problem::Problem& problem = value.problem();
  if (fixes_lengths(problem)) return Verdict::skipped("masks or biases as long as the keys");
  const Scene captured = harness.scene(longer(value));
  if (!harness.supported(captured)) return Verdict::skipped("outside the kernel's declaration");
  std::vector<problem::Sequence> sequences = problem.sequences;
  std::vector<Scene> replays{first_tokens(captured, sequences)};
  if (info.has(ATTEST_FEATURE_EMPTY_KV) && !sequences.empty()) {
    // A batch that is padded up to the size of the capture.
    sequences.back().kv_len = 0;
    sequences.back().start_pos.reset();
    replays.push_back(first_tokens(captured, sequences));
  }
  const bool exact = repeats_bits(info) && info.promised(ATTEST_PROMISE_SPLIT_INVARIANT);
  Verdict whole = Verdict::skipped("outside the kernel's declaration");
  for (const Scene& now : replays) {
    if (!harness.supported(now)) continue;
    const Run alone = harness.attend(now);
    if (alone.failure) return *alone.failure;
    const Run replayed = attend_in_graph_of(captured, now, harness);
    if (replayed.failure) return *replayed.failure;
    Verdict verdict = harness.same(now, replayed.out, alone.out, exact);
    if (verdict.failed()) {
      verdict.message = "in a graph that was captured with longer sequences: " + verdict.message;
      return verdict;
    }
    add_pass(verdict, whole);
  }
  return whole;
}

// The CSR form of a table would have to be that of the shorter sequences, too.
bool replays_graphs(const kernels::KernelInfo& info) {
  return can_attend(info) && !info.has(ATTEST_FEATURE_TABLE_CSR) &&
         info.has(ATTEST_FEATURE_GRAPH) &&
         (info.on_executor || info.capabilities.device == ATTEST_CUDA);
}

}  // namespace attest::properties
