#include "problem/case.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "problem/errors.h"
#include "problem/name_table.h"
#include "problem/program.h"
#include "problem/text.h"

namespace attest::problem {
namespace {

using MaybeError = std::optional<std::string>;

constexpr std::array<std::string_view, 6> kOps = {"attend", "append", "append_attend",
                                                  "fork",   "free",   "rollback"};
constexpr std::size_t kMaxId = 100;
constexpr std::size_t kMaxNote = 1000;

/// Ids end up in file names, tables and shell lines: nothing in them needs quoting.
MaybeError find_error_in_id(std::string_view field, std::string_view id) {
  if (id.size() > kMaxId) {
    return fmt::format("{} has {} characters: at most {}", field, id.size(), kMaxId);
  }
  for (std::size_t i = 0; i < id.size(); ++i) {
    const char c = id[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("_./*-").find(c) != std::string_view::npos;
    if (!plain) return fmt::format("{}: character {} is not one of a-z 0-9 _ . / * -", field, i);
  }
  return std::nullopt;
}

MaybeError find_error_in_note(std::string_view note) {
  if (note.size() > kMaxNote) {
    return fmt::format("note has {} bytes: at most {}", note.size(), kMaxNote);
  }
  if (!is_printable(note)) return fmt::format("note = {}: must be plain text", printable(note));
  return std::nullopt;
}

MaybeError find_error_in_names(const Call& call, std::size_t index) {
  const auto& names = call.sequences;
  if (!names.empty() && names.size() != call.problem.sequences.size()) {
    return fmt::format(
        "program[{}].sequences has {} names: must have one per sequence, {}, or none", index,
        names.size(), call.problem.batch());
  }
  for (std::size_t b = 0; b < names.size(); ++b) {
    const std::string field = fmt::format("program[{}].sequences[{}]", index, b);
    if (names[b].empty()) return fmt::format("{}: must not be empty", field);
    if (auto error = find_error_in_id(field, names[b])) return error;
    const auto first = std::find(names.begin(), names.end(), names[b]) - names.begin();
    if (static_cast<std::size_t>(first) != b && names[b] != kPaddingName) {
      return fmt::format("{}: the same name as sequence {}", field, first);
    }
  }
  return std::nullopt;
}

/// A pool, and no block table: which pages a sequence gets is settled while the program runs.
MaybeError find_error_in_empty_pool(const Problem& problem, const KvStorage& storage) {
  if (!is_paged(storage.layout)) {
    return fmt::format("storage.layout = {}: a program needs pages", name_of(storage.layout));
  }
  if (!storage.block_table.empty()) return "storage.block_table: must be empty for a program";
  if (storage.strides.q.one_head || storage.strides.k.one_head || storage.strides.v.one_head) {
    return "storage.strides: heads of a program cannot be one";
  }
  Problem empty = problem;
  for (Sequence& sequence : empty.sequences) sequence = {.q_len = 0, .kv_len = 0, .start_pos = {}};
  KvStorage pool = storage;
  pool.block_table.resize(empty.sequences.size());
  return find_error(empty, pool);
}

MaybeError find_error_in_calls(const Case& value) {
  const auto& calls = value.program.calls;
  if (calls.empty()) return "program has 0 calls: must have at least one";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (auto error = find_error_in_names(calls[i], i)) return error;
    if (auto error = find_error(calls[i].problem)) {
      return is_program(value) ? fmt::format("program[{}].problem.{}", i, *error) : *error;
    }
  }
  if (!is_program(value)) return find_error(value.problem(), value.storage);
  if (auto error = find_error(value.program)) return error;
  const Plan& plan = value.plan;
  if (!plan.chunks.empty() || !plan.parts.empty() || !plan.merges.empty()) {
    return "plan: a program has no chunks, parts or merges";
  }
  return find_error_in_empty_pool(value.problem(), value.storage);
}

MaybeError find_error_in_override(const Problem& problem, const Override& value, std::size_t i) {
  const auto outside = [&](std::string_view field, std::int64_t got,
                           std::int64_t count) -> MaybeError {
    if (got >= 0 && got < count) return std::nullopt;
    return fmt::format("values.overrides[{}].{} = {}: must be in [0, {}) for {}", i, field, got,
                       count, name_of(value.tensor));
  };
  if (value.tensor == Tensor::kBias && problem.bias == Bias::kNone) {
    return fmt::format("values.overrides[{}].tensor = bias: the problem has none", i);
  }
  if (value.tensor == Tensor::kV && problem.v_is_k_prefix) {
    return fmt::format("values.overrides[{}].tensor = v: with v_is_k_prefix set k instead", i);
  }
  if (auto error = outside("sequence", value.sequence, problem.batch())) return error;
  const Extent extent = extent_of(problem, value.tensor, value.sequence);
  if (auto error = outside("token", value.token, extent.tokens)) return error;
  if (auto error = outside("head", value.head, extent.heads)) return error;
  if (auto error = outside("lane", value.lane, extent.lanes)) return error;
  const std::size_t width = 8 * size_of(extent.type);
  if (width < 64 && value.bits >> width != 0) {
    return fmt::format("values.overrides[{}].bits = {:#x}: must have at most {} bits ({})", i,
                       value.bits, width, name_of(extent.type));
  }
  return std::nullopt;
}

MaybeError find_error_in_values(const Problem& problem, const Values& values) {
  if (values.needle < 0 || values.needle > kMaxTokens) {
    return fmt::format("values.needle = {}: must be in [0, {}]", values.needle, kMaxTokens);
  }
  for (std::size_t i = 0; i < values.overrides.size(); ++i) {
    if (auto error = find_error_in_override(problem, values.overrides[i], i)) return error;
  }
  return std::nullopt;
}

bool lies_in_cache(PoisonPlace place) {
  return place != PoisonPlace::kTableTail && place != PoisonPlace::kWorkspace &&
         place != PoisonPlace::kOutput;
}

MaybeError find_error_in_poisons(const std::vector<Poison>& poisons) {
  for (std::size_t i = 0; i < poisons.size(); ++i) {
    const Poison& poison = poisons[i];
    const bool cache = lies_in_cache(poison.place);
    if (cache && !poison.in_k && !poison.in_v) {
      return fmt::format("poisons[{}]: must be in k, in v or in both", i);
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Poison& other = poisons[j];
      const bool overlap = !cache || (poison.in_k && other.in_k) || (poison.in_v && other.in_v);
      if (other.place == poison.place && overlap) {
        return fmt::format("poisons[{}]: {} is poisoned already by poisons[{}]", i,
                           name_of(poison.place), j);
      }
    }
  }
  return std::nullopt;
}

MaybeError find_error_in_records(const Case& value) {
  if (value.expected) {
    const std::string& failure_class = value.expected->failure_class;
    if (auto error = find_error_in_id("expected.failure_class", failure_class)) return error;
    if (value.expected->status == Status::kFail && failure_class.empty()) {
      return "expected.failure_class: must name the class of a fail";
    }
    if (!is_failure(value.expected->status) && !failure_class.empty()) {
      return fmt::format("expected.failure_class = {}: must be empty with status {}", failure_class,
                         name_of(value.expected->status));
    }
  }
  if (value.shrink) {
    const std::array<std::pair<std::string_view, std::int64_t>, 4> counts = {
        {{"evaluations", value.shrink->evaluations},
         {"accepted", value.shrink->accepted},
         {"passed", value.shrink->passed},
         {"rejected", value.shrink->rejected}}};
    for (const auto& [field, count] : counts) {
      if (count < 0) return fmt::format("shrink.{} = {}: must be at least 0", field, count);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Op op) { return name_in(kOps, op); }
std::optional<Op> parse_op(std::string_view name) { return parse_in<Op>(kOps, name); }

Problem& Case::problem() {
  if (program.calls.empty()) throw ContractError("a case whose program has no call has no problem");
  return program.calls.front().problem;
}

const Problem& Case::problem() const { return const_cast<Case*>(this)->problem(); }

Case make_case(Problem problem) {
  Case value;
  value.program.calls.push_back({Op::kAttend, {}, std::move(problem)});
  return value;
}

namespace {

MaybeError find_error_in_history(const std::vector<Case>& history) {
  if (history.size() > kMaxHistory) {
    return fmt::format("history: has {} cases, at most {} are possible", history.size(),
                       kMaxHistory);
  }
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Case& past = history[i];
    if (!past.history.empty()) {
      return fmt::format("history[{}].history: must be empty, histories do not nest", i);
    }
    if (past.property.empty()) return fmt::format("history[{}].property: must not be empty", i);
    if (auto error = find_error(past)) return fmt::format("history[{}].{}", i, *error);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_error(const Case& value) {
  if (auto error = find_error_in_calls(value)) return error;
  std::optional<Tape> tape;
  if (is_program(value)) tape = tape_of(value.program);
  const Problem& problem = tape ? tape->problem : value.problem();
  if (auto error = find_error(problem, value.plan)) return error;
  if (auto error = find_error_in_values(problem, value.values)) return error;
  if (auto error = find_error_in_poisons(value.poisons)) return error;
  if (auto error = find_error_in_id("property", value.property)) return error;
  if (auto error = find_error_in_id("kernel", value.kernel)) return error;
  if (auto error = find_error_in_records(value)) return error;
  if (auto error = find_error_in_history(value.history)) return error;
  return find_error_in_note(value.note);
}

}  // namespace attest::problem
