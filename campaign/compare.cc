#include "campaign/compare.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "campaign/elapsed.h"
#include "campaign/errors.h"
#include "campaign/file_failures.h"
#include "campaign/interrupt.h"
#include "campaign/table.h"
#include "oracle/near.h"
#include "problem/text.h"
#include "properties/property.h"
#include "shrinkers/accept.h"
#include "shrinkers/minimise.h"

namespace attest::campaign {
namespace {

using problem::Elements;
using problem::Status;
using problem::Verdict;
using properties::Harness;

/// What cases are drawn and saved for: it judges a whole call and nothing else.
constexpr const char* kProperty = "oracle.output";
constexpr const char* kLseProperty = "oracle.lse";

std::uint32_t types_or(std::uint32_t declared, std::uint32_t like_q) {
  return declared != 0 ? declared : like_q;
}

Verdict named(Verdict verdict, const Harness& harness) {
  verdict.message = harness.info().name + ": " + verdict.message;
  return verdict;
}

/// One tensor of both results. `unit_a`, `unit_b`: what one unit of each stands for.
std::optional<Verdict> difference(const char* tensor, const Elements& a, const Elements& b,
                                  const std::vector<oracle::Reference>& of_a,
                                  const std::vector<oracle::Reference>& of_b, double unit_a,
                                  double unit_b, std::int64_t lanes, std::int64_t heads,
                                  const Harness& harness_b, double& worst) {
  // In another base the numbers of b are converted first, in f64.
  Elements converted = b;
  if (unit_a != unit_b) {
    converted = Elements(problem::DType::kF64, b.size());
    for (std::size_t i = 0; i < b.size(); ++i) converted.set(i, b.value(i) * (unit_b / unit_a));
  }
  const oracle::Deviation deviation = oracle::compare_near(a, of_a, converted, of_b, unit_a);
  if (!deviation.bad()) {
    worst = std::max(worst, deviation.severity);
    return std::nullopt;
  }
  const bool is_value = deviation.failure_class == "value";
  Verdict verdict = Verdict::fail(deviation.failure_class, {},
                                  is_value ? deviation.severity : problem::kStructural);
  const std::int64_t row = static_cast<std::int64_t>(deviation.first) / lanes / heads;
  const std::int64_t head = static_cast<std::int64_t>(deviation.first) / lanes % heads;
  verdict.expected = deviation.expected;
  verdict.got = deviation.got;
  verdict.bound = deviation.bound;
  verdict.message =
      fmt::format("{}[row {} of the batch, head {}] = {:.9g}, {} gave {:.9g}", tensor, row, head,
                  deviation.got, harness_b.info().name, deviation.expected);
  if (is_value) verdict.message += fmt::format(" +- {:.3g}", deviation.bound);
  return verdict;
}

/// The kernel whose own result the definition rejects, with the property that says so.
struct Culprit {
  const properties::Property* property = nullptr;
  Harness* harness = nullptr;
  Verdict verdict;
};

Culprit find_culprit(const problem::Case& value, Harness& a, Harness& b) {
  for (const char* id : {kProperty, kLseProperty}) {
    const properties::Property* property = properties::find_property(id);
    for (Harness* harness : {&a, &b}) {
      if (!property->applies(harness->info())) continue;
      Verdict verdict = properties::run_check(*property, value, *harness);
      if (verdict.failed()) return {property, harness, std::move(verdict)};
    }
  }
  return {};
}

/// Both kernels, each in a process of its own.
struct Both {
  explicit Both(const CompareOptions& options)
      : session_a(kernels::open_session(options.a, options.session)),
        session_b(kernels::open_session(options.b, options.session)),
        a(*session_a),
        b(*session_b) {}
  std::unique_ptr<kernels::Session> session_a, session_b;
  Harness a, b;
};

struct Tally {
  std::int64_t compared = 0, skipped = 0;
  double worst = 0;
};

std::string summary(const CompareOptions& options, const Tally& tally,
                    std::chrono::milliseconds elapsed) {
  return fmt::format(
      "{} and {}: {} cases compared in {}, {} not declared by both; worst "
      "difference/bound {}\n",
      problem::printable(options.a.name), problem::printable(options.b.name),
      grouped(tally.compared), duration_text(elapsed), grouped(tally.skipped),
      ratio_text(tally.worst));
}

/// The smallest case that differs in the same way.
problem::Case shrink(const CompareOptions& options, const problem::Case& drawn,
                     const Verdict& first, Both& both, Verdict& last,
                     problem::ShrinkRecord& record) {
  const Clock::time_point deadline = Clock::now() + options.shrink.time;
  shrinkers::Limits limits;
  limits.max_evaluations = options.shrink.evaluations;
  limits.out_of_time = [&] { return Clock::now() >= deadline || interruptions() > 0; };
  shrinkers::MinimiseResult result = shrinkers::minimise(
      drawn,
      [&](const problem::Case& smaller) {
        Verdict verdict = compare_case(smaller, both.a, both.b);
        if (verdict.status == Status::kSkipped) return shrinkers::Judgement::kInapplicable;
        if (!verdict.failed()) return shrinkers::Judgement::kPasses;
        if (!shrinkers::acceptable(first, verdict)) return shrinkers::Judgement::kFailsOther;
        last = std::move(verdict);
        return shrinkers::Judgement::kFailsSame;
      },
      limits);
  record = result.record;
  return std::move(result.minimal);
}

std::string failure_text(const CompareOptions& options, const problem::Case& drawn, std::uint64_t k,
                         const Verdict& first, Both& both) {
  Verdict last = first;
  problem::ShrinkRecord record;
  problem::Case minimal = shrink(options, drawn, first, both, last, record);
  const Culprit culprit = find_culprit(minimal, both.a, both.b);
  std::string text = fmt::format(
      "DIFFER  {}  {}\n  message  {}\n  drawn    case {}: {}\n  shrunk   to {}\n"
      "           {}\n",
      problem::printable(options.a.name), problem::printable(options.b.name),
      problem::printable(last.message), k, size_text(drawn), size_text(minimal),
      shrink_text(record));
  minimal.shrink = record;
  const kernels::KernelInfo* wrong = &options.a;
  if (culprit.harness != nullptr) {
    wrong = culprit.harness == &both.a ? &options.a : &options.b;
    minimal.property = std::string(culprit.property->id);
    minimal.expected = expectation_of(culprit.verdict);
    text += fmt::format("  wrong    {} by the definition: {}\n", problem::printable(wrong->name),
                        problem::printable(culprit.verdict.message));
  } else {
    text += "  wrong    neither by itself: it failed beside the other one only\n";
  }
  minimal.kernel = wrong->name;
  minimal.note = fmt::format("attest compare {} {} --seed {}, case {}", options.a.name,
                             options.b.name, options.seed, k);
  const std::filesystem::path path = save_failure(minimal, options.failures);
  return text + "  " + replay_line(options.command, wrong, path) + "\n";
}

}  // namespace

kernels::KernelInfo common_declaration(const kernels::KernelInfo& a, const kernels::KernelInfo& b) {
  kernels::KernelInfo common = a;
  auto& c = common.capabilities;
  const auto& d = b.capabilities;
  const std::uint32_t kv = types_or(c.kv_dtypes, c.q_dtypes) & types_or(d.kv_dtypes, d.q_dtypes);
  const std::uint32_t o = types_or(c.o_dtypes, c.q_dtypes) & types_or(d.o_dtypes, d.q_dtypes);
  // Types "like q" stay so where both say it.
  if (c.kv_dtypes != 0 || d.kv_dtypes != 0) c.kv_dtypes = kv;
  if (c.o_dtypes != 0 || d.o_dtypes != 0) c.o_dtypes = o;
  c.q_dtypes &= d.q_dtypes;
  c.layouts &= d.layouts;
  c.features &= d.features;
  const auto nothing = [&](const char* what) {
    return NothingToDo(fmt::format("{} and {} have no {} in common", problem::printable(a.name),
                                   problem::printable(b.name), what));
  };
  for (const kernels::KernelInfo* info : {&a, &b}) {
    if (!info->can(ATTEST_OP_ATTEND)) {
      throw NothingToDo(fmt::format("{} does not attend", problem::printable(info->name)));
    }
  }
  if (c.q_dtypes == 0 || kv == 0 || o == 0) throw nothing("types");
  if (c.layouts == 0) throw nothing("layout");
  if ((c.features & (ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL)) == 0)
    throw nothing("mask");
  if (b.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT)
    common.conventions.causal_alignment = ATTEST_CAUSAL_TOP_LEFT;
  return common;
}

Verdict compare_case(const problem::Case& value, Harness& a, Harness& b) {
  const properties::Scene scene = a.scene(value);
  if (!a.supported(scene) || !b.supported(scene))
    return Verdict::skipped("not declared by both kernels");
  if (scene.problem.total_q() == 0) return Verdict::skipped("no rows to compare");
  const properties::Run run_a = a.attend(scene);
  if (run_a.failure) return named(*run_a.failure, a);
  const properties::Run run_b = b.attend(scene);
  if (run_b.failure) return named(*run_b.failure, b);
  const oracle::Expected of_a = a.expect(scene, {.statistical = false});
  const oracle::Expected of_b = b.expect(scene, {.statistical = false});
  const auto& problem = scene.problem;
  double worst = 0;
  const double unit = problem.o_scale.value_or(1.0);
  if (auto bad = difference("o", run_a.out.o, run_b.out.o, of_a.o, of_b.o, unit, unit,
                            problem.head_dim_v, problem.num_q_heads, b, worst)) {
    return *bad;
  }
  // In f64 a base cannot be converted as exactly as it is judged.
  const bool lse = run_a.out.lse.size() > 0 && run_b.out.lse.size() > 0;
  const bool f64 = run_a.out.lse.type() == problem::DType::kF64;
  if (lse && (a.lse_unit() == b.lse_unit() || !f64)) {
    if (auto bad = difference("lse", run_a.out.lse, run_b.out.lse, of_a.lse, of_b.lse, a.lse_unit(),
                              b.lse_unit(), 1, problem.num_q_heads, b, worst)) {
      return *bad;
    }
  }
  return Verdict::pass(worst);
}

int compare(const CompareOptions& options, std::FILE* out) {
  const InterruptGuard guard;
  const kernels::KernelInfo common = common_declaration(options.a, options.b);
  const properties::Property& property = *properties::find_property(kProperty);
  Both both(options);
  Tally tally;
  const Clock::time_point start = Clock::now();
  const auto elapsed = [&] { return since(start); };
  std::optional<std::chrono::milliseconds> time = options.time;
  if (!time && !options.cases) time = kDefaultTime;
  for (std::uint64_t k = 0; interruptions() == 0; ++k) {
    if (options.cases && static_cast<std::int64_t>(k) >= *options.cases) break;
    if (time && elapsed() >= *time) break;
    const problem::Case drawn = properties::draw_case(property, common, options.seed, k);
    const Verdict verdict = compare_case(drawn, both.a, both.b);
    if (verdict.status == Status::kSkipped) {
      ++tally.skipped;
      continue;
    }
    ++tally.compared;
    if (!verdict.failed()) {
      tally.worst = std::max(tally.worst, verdict.severity);
      continue;
    }
    const std::string text = failure_text(options, drawn, k, verdict, both);
    std::fputs((text + summary(options, tally, elapsed())).c_str(), out);
    return 1;
  }
  std::fputs(summary(options, tally, elapsed()).c_str(), out);
  return interruptions() > 0 || tally.compared == 0 ? 2 : 0;
}

}  // namespace attest::campaign
