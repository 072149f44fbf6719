// Case to canonical text, and the name that follows from the text.
#include <algorithm>
#include <xxhash.h>

#include <fmt/format.h>

#include "corpus/case_file.h"
#include "corpus/case_parts.h"
#include "corpus/exact_number.h"
#include "problem/errors.h"

namespace attest::corpus {
namespace {

using problem::Call;
using problem::Case;

Layout hex64(std::uint64_t value) { return Layout::raw(fmt::format("\"0x{:x}\"", value)); }

template <typename Integer>
Layout integers(const std::vector<Integer>& numbers) {
  Layout list = Layout::inline_list();
  for (const Integer number : numbers) list.add(Layout::integer(number));
  return list;
}

/// One inner list per line.
template <typename Integer>
Layout rows_of_integers(const std::vector<std::vector<Integer>>& rows) {
  Layout list = Layout::list();
  for (const auto& row : rows) list.add(integers(row));
  return list;
}

/// The one attend that nearly every case is has no need of a list of calls.
bool is_plain(const Case& value) {
  const std::vector<Call>& calls = value.program.calls;
  return calls.size() == 1 && calls[0].op == problem::Op::kAttend && calls[0].sequences.empty();
}

/// Then a later call of a program says its lengths and no more.
bool differs_in_lengths_only(const problem::Problem& problem, const problem::Problem& first) {
  problem::Problem same = problem;
  same.sequences = first.sequences;
  const auto plain = [](const problem::Sequence& sequence) { return !sequence.start_pos; };
  return same == first && std::all_of(problem.sequences.begin(), problem.sequences.end(), plain);
}

Layout write_calls(const std::vector<Call>& calls) {
  Layout list = Layout::list();
  for (const Call& call : calls) {
    Layout item = Layout::object();
    item.add("op", Layout::text(name_of(call.op)));
    if (!call.sequences.empty()) {
      Layout names = Layout::inline_list();
      for (const std::string& name : call.sequences) names.add(Layout::text(name));
      item.add("sequences", std::move(names));
    }
    if (&call != &calls.front() && differs_in_lengths_only(call.problem, calls.front().problem)) {
      Layout lengths = Layout::inline_list();
      for (const problem::Sequence& sequence : call.problem.sequences) {
        lengths.add(integers(std::vector{sequence.q_len, sequence.kv_len}));
      }
      item.add("lengths", std::move(lengths));
    } else {
      item.add("problem", write_problem(call.problem));
    }
    list.add(std::move(item));
  }
  return list;
}

Layout write_expected(const problem::Expectation& value) {
  Layout out = Layout::inline_object();
  out.add("status", Layout::text(name_of(value.status)));
  if (!value.failure_class.empty()) out.add("failure_class", Layout::text(value.failure_class));
  return out;
}

Layout write_shrink(const problem::ShrinkRecord& value) {
  Layout out = Layout::inline_object();
  out.add("evaluations", Layout::integer(value.evaluations));
  out.add("accepted", Layout::integer(value.accepted));
  out.add("passed", Layout::integer(value.passed));
  out.add("rejected", Layout::integer(value.rejected));
  out.add("minimal", Layout::boolean(value.minimal));
  return out;
}

Layout write_poisons(const std::vector<problem::Poison>& poisons) {
  Layout list = Layout::list();
  for (const problem::Poison& poison : poisons) {
    Layout item = Layout::inline_object();
    item.add("place", Layout::text(name_of(poison.place)));
    item.add("kind", Layout::text(name_of(poison.kind)));
    if (!poison.in_k) item.add("in_k", Layout::boolean(false));
    if (!poison.in_v) item.add("in_v", Layout::boolean(false));
    list.add(std::move(item));
  }
  return list;
}

/// What is asked: program and contents.
void add_question(const Case& value, Layout& out) {
  if (value.program.calls.empty()) throw ContractError("case: expected at least one call, got 0");
  const problem::Problem& first = value.program.calls[0].problem;
  if (is_plain(value)) {
    out.add("problem", write_problem(first));
  } else {
    out.add("program", write_calls(value.program.calls));
  }
  out.add("values", write_values(value.values, first));
  if (value.storage != problem::KvStorage{}) out.add("storage", write_storage(value.storage));
  if (value.plan != problem::Plan{}) out.add("plan", write_plan(value.plan));
  if (!value.poisons.empty()) out.add("poisons", write_poisons(value.poisons));
}

Layout write_history(const std::vector<Case>& history) {
  Layout list = Layout::list();
  for (const Case& past : history) {
    Layout item = Layout::object();
    item.add("property", Layout::text(past.property));
    add_question(past, item);
    list.add(std::move(item));
  }
  return list;
}

/// `with_record`: also what became of the case (note, expected, shrink).
Layout layout_of(const Case& value, bool with_record) {
  Layout out = Layout::object();
  out.add("format", Layout::integer(kCaseFormat));
  out.add("property", Layout::text(value.property));
  if (!value.kernel.empty()) out.add("kernel", Layout::text(value.kernel));
  if (with_record) {
    if (!value.note.empty()) out.add("note", Layout::text(value.note));
    if (value.expected) out.add("expected", write_expected(*value.expected));
    if (value.shrink) out.add("shrink", write_shrink(*value.shrink));
  }
  if (!value.history.empty()) out.add("history", write_history(value.history));
  add_question(value, out);
  return out;
}

}  // namespace

problem::DType type_of(problem::Tensor tensor, const problem::Problem& problem) {
  switch (tensor) {
    case problem::Tensor::kQ:
      return problem.q_dtype;
    case problem::Tensor::kK:
      return problem.k_dtype;
    case problem::Tensor::kV:
      return problem.v_dtype;
    case problem::Tensor::kBias:
      break;
  }
  return problem::DType::kF32;
}

Layout write_values(const problem::Values& value, const problem::Problem& problem) {
  Layout out = value.overrides.empty() ? Layout::inline_object() : Layout::object();
  out.add("version", Layout::integer(problem::kValuesVersion));
  out.add("distribution", Layout::text(name_of(value.distribution)));
  out.add("seed", hex64(value.seed));
  if (value.needle != 0) out.add("needle", Layout::integer(value.needle));
  if (value.overrides.empty()) return out;
  Layout list = Layout::list();
  for (const problem::Override& element : value.overrides) {
    Layout at = Layout::inline_list();
    at.add(Layout::text(name_of(element.tensor)));
    for (const std::int64_t index : {element.sequence, element.token, element.head, element.lane}) {
      at.add(Layout::integer(index));
    }
    const problem::DType type = type_of(element.tensor, problem);
    Layout item = Layout::inline_object();
    item.add("at", std::move(at));
    item.add("bits", Layout::raw('"' + bits_text(type, element.bits) + '"'));
    item.add("value", Layout::raw(decimal_text(type, element.bits)));
    list.add(std::move(item));
  }
  return std::move(out.add("overrides", std::move(list)));
}

namespace {

Layout write_gaps(const problem::Gaps& value) {
  Layout out = Layout::inline_object();
  if (value.outer != 0) out.add("outer", Layout::integer(value.outer));
  if (value.token != 0) out.add("token", Layout::integer(value.token));
  if (value.head != 0) out.add("head", Layout::integer(value.head));
  if (value.lane != 0) out.add("lane", Layout::integer(value.lane));
  if (value.one_head) out.add("one_head", Layout::boolean(true));
  return out;
}

Layout write_strides(const problem::Strides& value) {
  Layout out = Layout::object();
  const auto add = [&](std::string_view tensor, const problem::Gaps& gaps) {
    if (!gaps.packed()) out.add(tensor, write_gaps(gaps));
  };
  add("q", value.q);
  add("k", value.k);
  add("v", value.v);
  add("o", value.o);
  add("lse", value.lse);
  return out;
}

}  // namespace

Layout write_storage(const problem::KvStorage& value) {
  const bool short_one = value.block_table.empty() && value.strides.packed();
  Layout out = short_one ? Layout::inline_object() : Layout::object();
  out.add("layout", Layout::text(name_of(value.layout)));
  if (value.page_size != 0) out.add("page_size", Layout::integer(value.page_size));
  if (value.num_pages != 0) out.add("num_pages", Layout::integer(value.num_pages));
  if (value.extra_table_columns != 0) {
    out.add("extra_table_columns", Layout::integer(value.extra_table_columns));
  }
  if (value.gap_tokens != 0) out.add("gap_tokens", Layout::integer(value.gap_tokens));
  if (!value.block_table.empty()) out.add("block_table", rows_of_integers(value.block_table));
  if (!value.strides.packed()) out.add("strides", write_strides(value.strides));
  return out;
}

Layout write_plan(const problem::Plan& value) {
  Layout out = Layout::object();
  if (!value.chunks.empty()) out.add("chunks", rows_of_integers(value.chunks));
  if (!value.parts.empty()) {
    Layout parts = Layout::list();
    for (const std::vector<problem::Range>& part : value.parts) {
      Layout ranges = Layout::inline_list();
      for (const problem::Range& range : part) {
        ranges.add(integers(std::vector{range.begin, range.end}));
      }
      parts.add(std::move(ranges));
    }
    out.add("parts", std::move(parts));
  }
  if (!value.merges.empty()) {
    Layout merges = Layout::inline_list();
    for (const std::vector<std::int32_t>& step : value.merges) merges.add(integers(step));
    out.add("merges", std::move(merges));
  }
  if (value.num_splits != 0) out.add("num_splits", Layout::integer(value.num_splits));
  if (value.schedule_seed != 0) out.add("schedule_seed", hex64(value.schedule_seed));
  return out;
}

std::string write_case(const Case& value) { return layout_of(value, true).pretty() + "\n"; }

std::string write_case_line(const Case& value) { return layout_of(value, true).one_line(); }

std::string content_hash(const Case& value) {
  const std::string text = layout_of(value, false).one_line();
  return fmt::format("{:016x}", XXH64(text.data(), text.size(), 0));
}

std::string case_name(const Case& value) {
  std::string name = value.property.empty() ? "case" : value.property;
  // A property id is [a-z0-9_.]; anything else must not become part of a path.
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) c = '-';
  }
  return name.substr(0, kMaxNameBytes) + "-" + content_hash(value);
}

}  // namespace attest::corpus
