#include "problem/program.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

#include "problem/errors.h"
#include "problem/index.h"

namespace attest::problem {
namespace {

using MaybeError = std::optional<std::string>;

std::int64_t position_in(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw ContractError("a sequence that is not on the tape");
  return found - names.begin();
}

MaybeError find_error_in_common(const Problem& problem) {
  const auto per_sequence = [](const Scales& scales, std::int64_t heads) {
    return scales.size() > 1 && static_cast<std::int64_t>(scales.size()) != heads;
  };
  const char* field = !problem.mask.tree.empty()                            ? "mask.tree"
                      : !problem.mask.custom.empty()                        ? "mask.custom"
                      : problem.bias != Bias::kNone                         ? "bias"
                      : per_sequence(problem.q_scale, problem.num_q_heads)  ? "q_scale"
                      : per_sequence(problem.k_scale, problem.num_kv_heads) ? "k_scale"
                      : per_sequence(problem.v_scale, problem.num_kv_heads) ? "v_scale"
                                                                            : nullptr;
  if (field == nullptr) return std::nullopt;
  return fmt::format("program[0].problem.{}: a program has none that goes by sequence", field);
}

/// The lengths of one call, item by item, against what its operation does.
class CallCheck {
 public:
  CallCheck(const Call& call, std::size_t index, const Tape& tape, const Sequences& before)
      : call_(call), index_(index), names_(names_of(call)), tape_(tape), before_(before) {}

  MaybeError run() const {
    if (call_.op == Op::kAppendAttend) return said("op", "append_attend", "append, then attend");
    if (call_.op == Op::kFork && names_.size() != 2) {
      return fmt::format("program[{}].sequences has {} names: fork takes two, old and new", index_,
                         names_.size());
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (auto error = check_item(i)) return error;
    }
    return std::nullopt;
  }

 private:
  template <typename Got, typename Wanted>
  MaybeError said(std::string_view field, const Got& got, const Wanted& wanted) const {
    return fmt::format("program[{}].{} = {}: must be {}", index_, field, got, wanted);
  }
  MaybeError expect(std::size_t i, std::string_view field, std::int64_t got,
                    std::int64_t wanted) const {
    if (got == wanted) return std::nullopt;
    return said(fmt::format("problem.sequences[{}].{}", i, field), got, wanted);
  }

  MaybeError check_item(std::size_t i) const {
    const Sequence& sequence = call_.problem.sequences[i];
    const std::string field = fmt::format("problem.sequences[{}]", i);
    if (sequence.start_pos) return said(field + ".start_pos", *sequence.start_pos, "absent");
    if (names_[i] == kPaddingName) {
      if (call_.op != Op::kAppend) {
        return said(fmt::format("sequences[{}]", i), kPaddingName, "a name: only append pads");
      }
      return expect(i, "kv_len", sequence.kv_len, 0);
    }
    const std::int64_t length = before_.length(tape_.index_of(names_[i]));
    switch (call_.op) {
      case Op::kAppend:
        return expect(i, "kv_len", sequence.kv_len, length + sequence.q_len);
      case Op::kAttend:
        return expect(i, "kv_len", sequence.kv_len, length);
      case Op::kRollback:
        if (sequence.q_len < 1 || sequence.q_len > length) {
          return said(field + ".q_len", sequence.q_len, fmt::format("in [1, {}]", length));
        }
        return expect(i, "kv_len", sequence.kv_len, length - sequence.q_len);
      case Op::kFree:
        if (length == 0) return said(fmt::format("sequences[{}]", i), names_[i], "one with tokens");
        if (auto error = expect(i, "q_len", sequence.q_len, 0)) return error;
        return expect(i, "kv_len", sequence.kv_len, 0);
      case Op::kFork:
        if ((length == 0) != (i == 1)) {
          return said(fmt::format("sequences[{}]", i), names_[i],
                      i == 0 ? "one with tokens" : "one without");
        }
        if (auto error = expect(i, "q_len", sequence.q_len, 0)) return error;
        return expect(i, "kv_len", sequence.kv_len, before_.length(tape_.index_of(names_.front())));
      case Op::kAppendAttend:
        break;
    }
    return std::nullopt;
  }

  const Call& call_;
  std::size_t index_;
  std::vector<std::string> names_;
  const Tape& tape_;
  const Sequences& before_;
};

}  // namespace

bool is_program(const Case& value) {
  const auto& calls = value.program.calls;
  return calls.size() > 1 || (calls.size() == 1 && calls.front().op != Op::kAttend);
}

std::vector<std::string> names_of(const Call& call) {
  if (!call.sequences.empty()) return call.sequences;
  std::vector<std::string> names;
  for (std::int64_t b = 0; b < call.problem.batch(); ++b) names.push_back(std::to_string(b));
  return names;
}

std::int64_t Tape::index_of(std::string_view name) const { return position_in(names, name); }

Tape tape_of(const Program& program) {
  Tape tape;
  if (program.calls.empty()) return tape;
  tape.problem = program.calls.front().problem;
  tape.problem.sequences.clear();
  for (const Call& call : program.calls) {
    const std::vector<std::string> names = names_of(call);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(tape.names.begin(), tape.names.end(), names[i]) == tape.names.end()) {
        tape.names.push_back(names[i]);
        tape.problem.sequences.push_back({.q_len = 0, .kv_len = 0, .start_pos = {}});
      }
      Sequence& total = tape.problem.sequences[at(tape.index_of(names[i]))];
      const std::int64_t count = call.problem.sequences[i].q_len;
      if (call.op == Op::kAttend) total.q_len += count;
      if (call.op == Op::kAppend) total.kv_len += count;
    }
  }
  return tape;
}

Case tape_case(const Case& value) {
  Case tape = value;
  tape.program.calls = {{Op::kAttend, {}, tape_of(value.program).problem}};
  tape.storage = {};
  return tape;
}

Sequences::Sequences(const Tape& tape)
    : names_(tape.names),
      rows_(tape.names.size(), 0),
      appended_(tape.names.size(), 0),
      tokens_(tape.names.size()) {}

std::vector<Sequences::Item> Sequences::apply(const Call& call) {
  std::vector<Item> items;
  const std::vector<std::string> names = names_of(call);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Item item{position_in(names_, names[i]), 0, call.problem.sequences[i].q_len};
    std::vector<TokenId>& tokens = tokens_[at(item.sequence)];
    switch (call.op) {
      case Op::kAttend:
        item.begin = rows_[at(item.sequence)];
        rows_[at(item.sequence)] += item.count;
        break;
      case Op::kAppend:
        item.begin = appended_[at(item.sequence)];
        appended_[at(item.sequence)] += item.count;
        if (names[i] == kPaddingName) break;
        for (std::int64_t t = 0; t < item.count; ++t) {
          tokens.push_back({item.sequence, item.begin + t});
        }
        break;
      case Op::kRollback:
        tokens.resize(tokens.size() - at(item.count));
        break;
      case Op::kFree:
        tokens.clear();
        break;
      case Op::kFork:
        if (i == 1) tokens = tokens_[at(items.front().sequence)];
        break;
      case Op::kAppendAttend:
        break;
    }
    items.push_back(item);
  }
  return items;
}

std::int64_t Sequences::length(std::int64_t sequence) const {
  return static_cast<std::int64_t>(tokens_[at(sequence)].size());
}

const std::vector<TokenId>& Sequences::tokens(std::int64_t sequence) const {
  return tokens_[at(sequence)];
}

std::optional<std::string> find_error(const Program& program) {
  const auto count = static_cast<std::int64_t>(program.calls.size());
  if (count < 1 || count > kMaxCalls) {
    return fmt::format("program has {} calls: must have 1 to {}", count, kMaxCalls);
  }
  const Problem& first = program.calls.front().problem;
  if (auto error = find_error_in_common(first)) return error;
  for (std::size_t i = 1; i < program.calls.size(); ++i) {
    Problem other = program.calls[i].problem;
    other.sequences = first.sequences;
    if (!(other == first)) {
      return fmt::format("program[{}].problem: must be that of program[0] but for its sequences",
                         i);
    }
  }
  const Tape tape = tape_of(program);
  if (auto error = find_error(tape.problem)) return "program, all in all: " + *error;
  Sequences sequences(tape);
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    if (auto error = CallCheck(program.calls[i], i, tape, sequences).run()) return error;
    sequences.apply(program.calls[i]);
  }
  return std::nullopt;
}

}  // namespace attest::problem
