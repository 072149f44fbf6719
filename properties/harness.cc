#include "properties/harness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "problem/errors.h"
#include "properties/placement.h"

namespace attest::properties {
namespace {

using kernels::Outcome;
using kernels::Role;
using kernels::RunResult;
using problem::Elements;
using problem::Range;
using problem::Verdict;

/// Rows one verdict may refine in multiprecision before it is called inconclusive.
constexpr int kMaxRefinedRows = 64;

class Stopwatch {
 public:
  explicit Stopwatch(std::int64_t& total) : total_(total), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    total_ += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::int64_t& total_;
  std::chrono::steady_clock::time_point start_;
};

std::optional<Verdict> failure_of(const RunResult& result) {
  Verdict verdict;
  verdict.severity = problem::kStructural;
  verdict.message = result.message;
  switch (result.outcome) {
    case Outcome::kOk: return std::nullopt;
    case Outcome::kRefused:
      verdict.status = problem::Status::kRefused;
      verdict.failure_class = "refused";
      verdict.message = "refused a call inside its capabilities: " + result.message;
      break;
    case Outcome::kFailed:
      verdict.status = problem::Status::kFail;
      verdict.failure_class = "failed";
      verdict.message = "reported a failure: " + result.message;
      break;
    case Outcome::kCrash:
      verdict.status = problem::Status::kCrash;
      verdict.failure_class = "crash";
      break;
    case Outcome::kHang:
      verdict.status = problem::Status::kHang;
      verdict.failure_class = "hang";
      break;
  }
  return verdict;
}

std::optional<Verdict> failure_of(const kernels::Launch& launch) {
  const auto damage = launch.find_damage();
  if (!damage) return std::nullopt;
  Verdict verdict = Verdict::fail(damage->canary ? "canary" : "input_modified",
                                  damage->canary ? "wrote outside buffer '" + damage->buffer + "' at byte " +
                                                       std::to_string(damage->offset)
                                                 : "modified its input '" + damage->buffer + "' at byte " +
                                                       std::to_string(damage->offset));
  verdict.where = problem::Where{.tensor = damage->buffer};
  return verdict;
}

/// Asks plan() for a workspace, if the kernel has one, and fills it as the convention says.
RunResult plan_workspace(kernels::Session& session, const Scene& scene, kernels::Launch& launch, attest_attend& call) {
  const auto& info = session.info();
  if (!info.has_plan) return {};
  attest_plan_result plan{};
  plan.struct_size = sizeof plan;
  RunResult result = session.plan(&call, &plan);
  if (!result.ok()) return result;
  if (plan.workspace_bytes > launch.arena().capacity() / 2) {
    return {Outcome::kFailed, "asked for a workspace of " + std::to_string(plan.workspace_bytes) + " bytes", {}};
  }
  std::byte* workspace =
      launch.add("workspace", Role::kScratch, plan.workspace_bytes, std::max<std::size_t>(plan.workspace_alignment, 16));
  bool poisoned = false;
  problem::PoisonKind kind{};
  for (const auto& poison : scene.poisons) {
    if (poison.place == problem::PoisonPlace::kWorkspace) {
      poisoned = true;
      kind = poison.kind;
    }
  }
  if (info.conventions.workspace_before != ATTEST_WORKSPACE_ANYTHING) {
    std::memset(workspace, 0, plan.workspace_bytes);
  } else if (poisoned && kind == problem::PoisonKind::kNaN) {
    std::memset(workspace, 0xff, plan.workspace_bytes);
  } else {
    fill_junk(workspace, plan.workspace_bytes, scene.junk_seed + (poisoned ? 7 + static_cast<std::uint64_t>(kind) : 6));
  }
  call.workspace = workspace;
  call.workspace_bytes = plan.workspace_bytes;
  return result;
}

/// The judged query rows of a scene, flat over the batch.
std::vector<std::int64_t> judged_rows(const Scene& scene) {
  std::vector<std::int64_t> rows;
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    const Range range = scene.judged_rows.empty() ? Range{0, scene.problem.sequences[b].q_len} : scene.judged_rows[b];
    for (std::int64_t row = range.begin; row < range.end; ++row) rows.push_back(scene.problem.first_row(b) + row);
  }
  return rows;
}

/// Rows of `width` elements picked out of a tensor.
Elements pick_rows(const Elements& from, const std::vector<std::int64_t>& rows, std::int64_t width) {
  Elements out(from.type(), rows.size() * static_cast<std::size_t>(width));
  const std::size_t bytes = static_cast<std::size_t>(width) * problem::size_of(from.type());
  if (bytes == 0) return out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(out.data() + i * bytes, from.data() + static_cast<std::size_t>(rows[i]) * bytes, bytes);
  }
  return out;
}

std::vector<oracle::Reference> pick_rows(const std::vector<oracle::Reference>& from,
                                         const std::vector<std::int64_t>& rows, std::int64_t width) {
  std::vector<oracle::Reference> out;
  out.reserve(rows.size() * static_cast<std::size_t>(width));
  for (std::int64_t row : rows) out.insert(out.end(), from.begin() + row * width, from.begin() + (row + 1) * width);
  return out;
}

/// Where element `index` of a tensor with `width` elements per query row lies.
problem::Where locate(const Scene& scene, const char* tensor, std::int64_t query_row, std::int64_t index_in_row) {
  problem::Where where{.tensor = tensor};
  const auto& problem = scene.problem;
  std::int64_t b = 0;
  while (b + 1 < problem.batch() && query_row >= problem.first_row(b + 1)) ++b;
  where.sequence = b;
  where.row = query_row - problem.first_row(b);
  const bool is_o = where.tensor == "o";
  where.head = is_o ? index_in_row / problem.head_dim_v : index_in_row;
  where.lane = is_o ? index_in_row % problem.head_dim_v : -1;
  if (problem::is_paged(scene.storage.layout) && b < problem.batch()) {
    const std::int64_t position = problem.sequences[b].first_position() + where.row;
    const std::int64_t index = position / scene.storage.page_size;
    const auto& row = scene.storage.block_table[b];
    if (position >= 0 && index < static_cast<std::int64_t>(row.size())) where.page = row[index];
  }
  return where;
}

std::string describe(const problem::Where& where) {
  std::string text = where.tensor + "[sequence " + std::to_string(where.sequence) + ", row " +
                     std::to_string(where.row) + ", head " + std::to_string(where.head);
  if (where.lane >= 0) text += ", lane " + std::to_string(where.lane);
  return text + "]";
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Verdict verdict_of(const oracle::Deviation& deviation, problem::Where where, const char* reference) {
  Verdict verdict = Verdict::fail(deviation.failure_class, {}, deviation.severity);
  if (deviation.failure_class != "value") verdict.severity = problem::kStructural;
  verdict.expected = deviation.expected;
  verdict.got = deviation.got;
  verdict.bound = deviation.bound;
  verdict.message = describe(where) + " = " + number(deviation.got) + ", " + reference + " " +
                    number(deviation.expected);
  if (deviation.failure_class == "value") verdict.message += " +- " + number(deviation.bound);
  if (deviation.failure_class == "unwritten") verdict.message = describe(where) + " was never written";
  verdict.where = std::move(where);
  return verdict;
}

}  // namespace

double Harness::lse_unit() const {
  return info().conventions.lse_base == ATTEST_LSE_BASE_2 ? 0.693147180559945309417232 : 1.0;
}

bool Harness::supported(const Scene& scene) {
  if (kernels::unsupported(info(), scene.problem, scene.storage)) return false;
  if (unplaceable(scene.storage)) return false;
  if (!info().has_supports) return true;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, true);
  RunResult result;
  return session_.supports(call, &result) && result.ok();
}

Run Harness::attend(const Scene& scene) {
  Run run;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, true);
  RunResult result = plan_workspace(session_, scene, launch, *call);
  if (result.ok()) {
    launch.seal();
    result = session_.attend(call);
    ++statistics_.kernel_calls;
  }
  run.path = result.path;
  run.failure = failure_of(result);
  if (!run.failure) run.failure = failure_of(launch);
  if (run.failure) return run;
  run.out.o = read_tensor(call->o);
  if (call->lse.data != nullptr) run.out.lse = read_tensor(call->lse);
  return run;
}

Run Harness::attend_partial(const Scene& scene, const std::vector<Range>& keys) {
  Run run;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, false);
  auto* partial =
      new (launch.raw(sizeof(attest_attend_partial), alignof(attest_attend_partial))) attest_attend_partial{};
  partial->struct_size = sizeof(attest_attend_partial);
  std::vector<std::int32_t> begin, end;
  for (const Range& range : keys) {
    begin.push_back(static_cast<std::int32_t>(range.begin));
    end.push_back(static_cast<std::int32_t>(range.end));
  }
  partial->kv_begin = launch.ints("kv_begin", begin);
  partial->kv_end = launch.ints("kv_end", end);
  const auto& problem = scene.problem;
  partial->out = place_output_state(info(), problem.total_q(), problem.num_q_heads, problem.head_dim_v,
                                    problem.o_dtype, launch);
  RunResult result = plan_workspace(session_, scene, launch, *call);
  if (result.ok()) {
    partial->call = *call;
    launch.seal();
    result = session_.attend_partial(partial);
    ++statistics_.kernel_calls;
  }
  run.path = result.path;
  run.failure = failure_of(result);
  if (!run.failure) run.failure = failure_of(launch);
  if (run.failure) return run;
  run.out.o = read_tensor(partial->out.o);
  run.out.lse = read_tensor(partial->out.lse);
  return run;
}

Run Harness::merge(std::int64_t rows, std::int64_t num_q_heads, std::int64_t head_dim_v,
                   const std::vector<State>& states, bool in_place) {
  Run run;
  kernels::Launch launch(session_.arena());
  auto* call = new (launch.raw(sizeof(attest_merge), alignof(attest_merge))) attest_merge{};
  call->struct_size = sizeof(attest_merge);
  call->num_states = static_cast<std::int32_t>(states.size());
  call->total_q = rows;
  call->num_q_heads = static_cast<std::int32_t>(num_q_heads);
  call->head_dim_v = static_cast<std::int32_t>(head_dim_v);
  auto* views = static_cast<attest_state*>(launch.raw(sizeof(attest_state) * states.size(), alignof(attest_state)));
  for (std::size_t s = 0; s < states.size(); ++s) {
    const Role role = in_place && s == 0 ? Role::kUpdated : Role::kInput;
    attest_state& view = *new (views + s) attest_state{};
    const std::string name = "states[" + std::to_string(s) + "]";
    view.o = launch.tensor(name + ".o", role, static_cast<int>(states[s].o.type()),
                           std::vector{rows, num_q_heads, head_dim_v});
    view.lse = launch.tensor(name + ".lse", role, static_cast<int>(states[s].lse.type()),
                             std::vector{rows, num_q_heads});
    write_tensor(view.o, states[s].o);
    write_tensor(view.lse, states[s].lse);
  }
  call->states = views;
  call->out = in_place ? views[0]
                       : place_output_state(info(), rows, num_q_heads, head_dim_v, states[0].o.type(), launch);
  launch.seal();
  const RunResult result = session_.merge(call);
  ++statistics_.kernel_calls;
  run.path = result.path;
  run.failure = failure_of(result);
  if (!run.failure) run.failure = failure_of(launch);
  if (run.failure) return run;
  run.out.o = read_tensor(call->out.o);
  run.out.lse = read_tensor(call->out.lse);
  return run;
}

Harness::AppendRun Harness::append(const AppendCall& request) {
  AppendRun run;
  kernels::Launch launch(session_.arena());
  auto* call = new (launch.raw(sizeof(attest_append), alignof(attest_append))) attest_append{};
  const auto tokens = static_cast<std::int64_t>(request.slots.size());
  call->struct_size = sizeof(attest_append);
  call->layout = static_cast<std::int32_t>(request.layout);
  call->num_kv_heads = static_cast<std::int32_t>(request.num_kv_heads);
  call->head_dim_qk = static_cast<std::int32_t>(request.head_dim_qk);
  call->head_dim_v = static_cast<std::int32_t>(request.head_dim_v);
  call->page_size = static_cast<std::int32_t>(request.page_size);
  call->num_pages = request.num_pages;
  call->num_tokens = tokens;
  auto add = [&](const char* name, Role role, const Elements& contents, std::vector<std::int64_t> shape) {
    attest_tensor tensor = launch.tensor(name, role, static_cast<int>(request.dtype), shape);
    write_tensor(tensor, contents);
    return tensor;
  };
  call->k_new = add("k_new", Role::kInput, request.k_new, {tokens, request.num_kv_heads, request.head_dim_qk});
  call->v_new = add("v_new", Role::kInput, request.v_new, {tokens, request.num_kv_heads, request.head_dim_v});
  call->slot_mapping = launch.tensor("slot_mapping", Role::kInput, ATTEST_I64, std::vector{tokens});
  if (tokens > 0) {
    std::memcpy(call->slot_mapping.data, request.slots.data(), request.slots.size() * sizeof(std::int64_t));
  }
  std::vector<std::int64_t> k_shape{request.num_pages, request.page_size, request.num_kv_heads, request.head_dim_qk};
  std::vector<std::int64_t> v_shape{request.num_pages, request.page_size, request.num_kv_heads, request.head_dim_v};
  if (!problem::is_paged(request.layout)) {
    const std::int64_t slots = request.num_pages * request.page_size;
    k_shape = {slots, request.num_kv_heads, request.head_dim_qk};
    v_shape = {slots, request.num_kv_heads, request.head_dim_v};
  }
  call->k = add("k_cache", Role::kUpdated, request.k_cache, k_shape);
  call->v = add("v_cache", Role::kUpdated, request.v_cache, v_shape);
  launch.seal();
  const RunResult result = session_.append(call);
  ++statistics_.kernel_calls;
  run.failure = failure_of(result);
  if (!run.failure) run.failure = failure_of(launch);
  if (run.failure) return run;
  run.k_cache = read_tensor(call->k);
  run.v_cache = read_tensor(call->v);
  return run;
}

oracle::Expected Harness::expect(const Scene& scene, const oracle::ExpectOptions& options) {
  const Stopwatch watch(statistics_.oracle_ns);
  const auto& conventions = info().conventions;
  const problem::Numerics numerics = info().declared_numerics();
  oracle::Expected expected = oracle::expect_attend(scene.problem, scene.inputs, numerics, options);
  if (conventions.sink_not_in_lse != 0 && !scene.problem.sinks.empty()) {
    problem::Problem without = scene.problem;
    without.sinks.clear();
    expected.lse = oracle::expect_attend(without, scene.inputs, numerics, options).lse;
  }
  if (conventions.empty_o == ATTEST_EMPTY_O_ZERO && conventions.empty_lse == ATTEST_EMPTY_LSE_MINUS_INF) {
    return expected;
  }
  // Rows without a visible key, in the kernel's own convention.
  for (std::size_t row = 0; row < expected.lse.size(); ++row) {
    if (expected.lse[row].kind != oracle::Kind::kMinusInf) continue;
    if (conventions.empty_lse == ATTEST_EMPTY_LSE_PLUS_INF) expected.lse[row].kind = oracle::Kind::kPlusInf;
    if (conventions.empty_o == ATTEST_EMPTY_O_NAN) {
      const auto width = static_cast<std::size_t>(scene.problem.head_dim_v);
      for (std::size_t lane = 0; lane < width; ++lane) expected.o[row * width + lane].kind = oracle::Kind::kNaN;
    }
  }
  return expected;
}

Verdict Harness::judge(const Scene& scene, oracle::Expected expected, const Outputs& got,
                       const oracle::ExpectOptions& options, bool judge_o, bool judge_lse) {
  if (recording_ && !trace_.recorded) trace_ = Trace{scene, expected, got, true};
  const Stopwatch watch(statistics_.oracle_ns);
  const std::vector<std::int64_t> rows = judged_rows(scene);
  double worst = 0;
  bool inconclusive = false;
  auto judge_tensor = [&](const char* name, const Elements& tensor, std::vector<oracle::Reference>& references,
                          std::int64_t width, double unit, std::int64_t per_head) -> std::optional<Verdict> {
    const Elements picked = pick_rows(tensor, rows, width);
    int refined = 0;
    for (std::int64_t last = -1;;) {
      const auto wanted = pick_rows(references, rows, width);
      const oracle::Deviation deviation = oracle::compare(picked, wanted, unit);
      if (refined == 0) statistics_.vacuous += deviation.vacuous;
      const bool decided = !deviation.escalate && (!deviation.bad() || deviation.failure_class == "unwritten");
      const auto at = static_cast<std::int64_t>(deviation.bad() ? deviation.first : deviation.escalate_at);
      const std::int64_t query_row = width > 0 && !rows.empty() ? rows[static_cast<std::size_t>(at / width)] : 0;
      const std::int64_t flat_row = query_row * scene.problem.num_q_heads + (at % std::max<std::int64_t>(width, 1)) / per_head;
      if (decided || flat_row == last || refined >= kMaxRefinedRows) {
        // After refinement the multiprecision definition has spoken for the row in question.
        if (deviation.bad()) return verdict_of(deviation, locate(scene, name, query_row, at % width), "expected");
        if (deviation.escalate) inconclusive = true;
        worst = std::max(worst, deviation.severity);
        return std::nullopt;
      }
      oracle::refine_row(scene.problem, scene.inputs, options, flat_row, expected);
      ++statistics_.escalations;
      ++refined;
      last = flat_row;
    }
  };
  const auto& problem = scene.problem;
  if (judge_o) {
    if (auto bad = judge_tensor("o", got.o, expected.o, problem.num_q_heads * problem.head_dim_v,
                                problem.o_scale.value_or(1.0), problem.head_dim_v)) {
      return *bad;
    }
  }
  if (judge_lse && got.lse.size() > 0) {
    if (auto bad = judge_tensor("lse", got.lse, expected.lse, problem.num_q_heads, lse_unit(), 1)) return *bad;
  }
  Verdict verdict = Verdict::pass(worst);
  if (inconclusive) verdict.status = problem::Status::kInconclusive;
  return verdict;
}

Verdict Harness::same(const Scene& scene, const Outputs& a, const Outputs& b, bool exact,
                      const std::vector<RowPair>& pairs, const oracle::ExpectOptions& options) {
  std::vector<std::int64_t> rows_a, rows_b;
  if (pairs.empty()) {
    rows_a = rows_b = judged_rows(scene);
  } else {
    for (const RowPair& pair : pairs) {
      rows_a.push_back(pair.a);
      rows_b.push_back(pair.b);
    }
  }
  const auto& problem = scene.problem;
  std::optional<oracle::Expected> expected;
  if (!exact) expected = expect(scene, options);
  if (recording_ && !trace_.recorded) {
    trace_ = Trace{scene, exact ? expect(scene, options) : *expected, a, true};
  }
  double worst = 0;
  auto compare = [&](const char* name, const Elements& ta, const Elements& tb, std::int64_t width, double unit,
                     const std::vector<oracle::Reference>* references) -> std::optional<Verdict> {
    const Elements pa = pick_rows(ta, rows_a, width);
    const Elements pb = pick_rows(tb, rows_b, width);
    oracle::Deviation deviation;
    if (exact) {
      deviation = oracle::compare_bits(pa, pb);
    } else {
      const auto bounds = pick_rows(*references, rows_a, width);
      deviation = oracle::compare_pair(pa, bounds, pb, bounds, unit);
      statistics_.vacuous += deviation.vacuous;
    }
    worst = std::max(worst, deviation.severity);
    if (!deviation.bad()) return std::nullopt;
    const auto at = static_cast<std::int64_t>(deviation.first);
    return verdict_of(deviation, locate(scene, name, rows_a[static_cast<std::size_t>(at / width)], at % width),
                      exact ? "bit for bit" : "the other run gave");
  };
  if (auto bad = compare("o", a.o, b.o, problem.num_q_heads * problem.head_dim_v, problem.o_scale.value_or(1.0),
                         expected ? &expected->o : nullptr)) {
    return *bad;
  }
  if (a.lse.size() > 0 && b.lse.size() > 0) {
    if (auto bad = compare("lse", a.lse, b.lse, problem.num_q_heads, lse_unit(), expected ? &expected->lse : nullptr)) {
      return *bad;
    }
  }
  return Verdict::pass(worst);
}

}  // namespace attest::properties
