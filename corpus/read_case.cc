// Text to case. Every read is checked where it happens; what concerns several fields at once is
// problem::find_error's.
#include <utility>

#include <fmt/format.h>

#include "corpus/case_file.h"
#include "corpus/case_parts.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::corpus {
namespace {

using problem::Call;
using problem::Case;
using problem::kMaxTokens;

/// A name of an enumeration with `count` values, read with `parse` and listed with name_of.
template <typename Enum>
Enum read_name(const Field& field, std::optional<Enum> (*parse)(std::string_view), int count) {
  if (const std::optional<Enum> value = parse(field.text(kMaxNameBytes))) return *value;
  std::string names;
  for (int i = 0; i < count; ++i) {
    names += i == 0 ? "" : i + 1 < count ? ", " : " or ";
    names += name_of(static_cast<Enum>(i));
  }
  field.fail(names);
}

template <typename Integer>
std::vector<Integer> read_integers(const Field& field, std::int64_t max) {
  std::vector<Integer> numbers(field.list_size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<Integer>(field.element(i).integer(0, max));
  }
  return numbers;
}

template <typename Integer>
std::vector<std::vector<Integer>> read_rows(const Field& field, std::int64_t max) {
  std::vector<std::vector<Integer>> rows(field.list_size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = read_integers<Integer>(field.element(i), max);
  }
  return rows;
}

problem::Override read_override(const Field& field, const problem::Problem& problem) {
  field.expect_keys({"at", "bits", "value"});
  const Field at = field.member("at");
  if (at.list_size() != 5) at.fail("[tensor, sequence, token, head, lane]");
  problem::Override out;
  out.tensor = read_name(at.element(0), problem::parse_tensor, 4);
  out.sequence = at.element(1).integer(0, problem::kMaxBatch - 1);
  out.token = at.element(2).integer(0, kMaxTokens * kMaxTokens);  // bias: row * kv_len + key
  out.head = at.element(3).integer(0, problem::kMaxHeads - 1);
  out.lane = at.element(4).integer(0, problem::kMaxHeadDim - 1);
  out.bits = read_exact(field, type_of(out.tensor, problem));
  return out;
}

std::vector<problem::Sequence> read_lengths(const Field& field) {
  std::vector<problem::Sequence> sequences(field.list_size(problem::kMaxBatch));
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const Field item = field.element(s);
    if (item.list_size() != 2) item.fail("[q_len, kv_len]");
    sequences[s].q_len = item.element(0).integer(0, kMaxTokens);
    sequences[s].kv_len = item.element(1).integer(0, kMaxTokens);
  }
  return sequences;
}

std::vector<Call> read_calls(const Field& field) {
  std::vector<Call> calls(field.list_size(kMaxCalls));
  if (calls.empty()) field.fail("at least one call");
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Field item = field.element(i);
    item.expect_keys({"op", "sequences", "problem", "lengths"});
    calls[i].op = read_name(item.member("op"), problem::parse_op, 6);
    if (item.has("sequences")) {
      const Field names = item.member("sequences");
      const std::size_t size = names.list_size(problem::kMaxBatch);
      for (std::size_t s = 0; s < size; ++s) {
        calls[i].sequences.push_back(names.element(s).text(kMaxNameBytes));
      }
    }
    if (i > 0 && item.has("lengths")) {
      if (item.has("problem")) item.fail_because("expected problem or lengths, got both");
      calls[i].problem = calls[0].problem;
      calls[i].problem.sequences = read_lengths(item.member("lengths"));
    } else {
      calls[i].problem = read_problem(item.member("problem"));
    }
  }
  return calls;
}

std::vector<problem::Poison> read_poisons(const Field& field) {
  std::vector<problem::Poison> poisons(field.list_size());
  for (std::size_t i = 0; i < poisons.size(); ++i) {
    const Field item = field.element(i);
    item.expect_keys({"place", "kind", "in_k", "in_v"});
    problem::Poison& out = poisons[i];
    out.place =
        read_name(item.member("place"), problem::parse_poison_place, problem::kNumPoisonPlaces);
    out.kind = read_name(item.member("kind"), problem::parse_poison_kind, problem::kNumPoisonKinds);
    if (item.has("in_k")) out.in_k = item.member("in_k").boolean();
    if (item.has("in_v")) out.in_v = item.member("in_v").boolean();
  }
  return poisons;
}

problem::Expectation read_expected(const Field& field) {
  field.expect_keys({"status", "failure_class"});
  problem::Expectation out;
  out.status = read_name(field.member("status"), problem::parse_status, 8);
  if (field.has("failure_class")) {
    out.failure_class = field.member("failure_class").text(kMaxNameBytes);
  }
  return out;
}

problem::ShrinkRecord read_shrink(const Field& field) {
  field.expect_keys({"evaluations", "accepted", "passed", "rejected", "minimal"});
  problem::ShrinkRecord out;
  out.evaluations = field.member("evaluations").integer(0, kMaxCount);
  out.accepted = field.member("accepted").integer(0, kMaxCount);
  out.passed = field.member("passed").integer(0, kMaxCount);
  out.rejected = field.member("rejected").integer(0, kMaxCount);
  out.minimal = field.member("minimal").boolean();
  return out;
}

/// What is asked: program and contents. `name`: how the one problem is called in messages.
void read_question(const Field& field, Field (*name)(const Field& problem), Case& out) {
  if (field.has("program")) {
    if (field.has("problem")) field.fail_because("expected problem or program, got both");
    out.program.calls = read_calls(field.member("program"));
  } else {
    out.program.calls.emplace_back().problem = read_problem(name(field.member("problem")));
  }
  out.values = read_values(field.member("values"), out.program.calls[0].problem);
  if (field.has("storage")) out.storage = read_storage(field.member("storage"));
  if (field.has("plan")) out.plan = read_plan(field.member("plan"));
  if (field.has("poisons")) out.poisons = read_poisons(field.member("poisons"));
}

std::vector<Case> read_history(const Field& field) {
  std::vector<Case> history(field.list_size(problem::kMaxHistory));
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Field item = field.element(i);
    item.expect_keys({"property", "problem", "program", "values", "storage", "plan", "poisons"});
    history[i].property = item.member("property").text(kMaxNameBytes);
    read_question(
        item, [](const Field& problem) { return problem; }, history[i]);
  }
  return history;
}

Case read_document(const Field& field) {
  // First of all: a file of another format has other keys, and that is not what is wrong with it.
  field.member("format").integer(kCaseFormat, kCaseFormat);
  field.expect_keys({"format", "property", "kernel", "note", "expected", "shrink", "history",
                     "problem", "program", "values", "storage", "plan", "poisons"});
  Case out;
  out.property = field.member("property").text(kMaxNameBytes);
  if (field.has("kernel")) out.kernel = field.member("kernel").text(kMaxNameBytes);
  if (field.has("note")) out.note = field.member("note").text(kMaxNoteBytes);
  if (field.has("expected")) out.expected = read_expected(field.member("expected"));
  if (field.has("shrink")) out.shrink = read_shrink(field.member("shrink"));
  if (field.has("history")) out.history = read_history(field.member("history"));
  // Fields of the one problem go by their own names in messages, as in problem::find_error.
  read_question(
      field, [](const Field& problem) { return problem.as_root(); }, out);
  return out;
}

}  // namespace

problem::Values read_values(const Field& field, const problem::Problem& problem) {
  field.expect_keys({"version", "distribution", "seed", "needle", "overrides"});
  // Another version of the recipe gives other numbers from the same seed.
  field.member("version").integer(problem::kValuesVersion, problem::kValuesVersion);
  problem::Values out;
  out.distribution = read_name(field.member("distribution"), problem::parse_distribution,
                               problem::kNumDistributions);
  out.seed = field.member("seed").hex64();
  if (field.has("needle")) out.needle = field.member("needle").integer(0, kMaxTokens);
  if (field.has("overrides")) {
    const Field list = field.member("overrides");
    const std::size_t size = list.list_size();
    for (std::size_t i = 0; i < size; ++i) {
      out.overrides.push_back(read_override(list.element(i), problem));
    }
  }
  return out;
}

namespace {

problem::Gaps read_gaps(const Field& field) {
  field.expect_keys({"outer", "token", "head", "lane", "one_head"});
  problem::Gaps out;
  const auto read = [&](std::string_view key, std::int64_t& gap) {
    if (field.has(key)) gap = field.member(key).integer(0, problem::kMaxGap);
  };
  read("outer", out.outer);
  read("token", out.token);
  read("head", out.head);
  read("lane", out.lane);
  if (field.has("one_head")) out.one_head = field.member("one_head").boolean();
  return out;
}

problem::Strides read_strides(const Field& field) {
  field.expect_keys({"q", "k", "v", "o", "lse"});
  problem::Strides out;
  if (field.has("q")) out.q = read_gaps(field.member("q"));
  if (field.has("k")) out.k = read_gaps(field.member("k"));
  if (field.has("v")) out.v = read_gaps(field.member("v"));
  if (field.has("o")) out.o = read_gaps(field.member("o"));
  if (field.has("lse")) out.lse = read_gaps(field.member("lse"));
  return out;
}

}  // namespace

problem::KvStorage read_storage(const Field& field) {
  field.expect_keys({"layout", "page_size", "num_pages", "extra_table_columns", "gap_tokens",
                     "block_table", "strides"});
  problem::KvStorage out;
  out.layout = read_name(field.member("layout"), problem::parse_kv_layout, problem::kNumKvLayouts);
  if (field.has("page_size")) out.page_size = field.member("page_size").integer(0, kMaxTokens);
  if (field.has("num_pages")) out.num_pages = field.member("num_pages").integer(0, kMaxInt32);
  if (field.has("extra_table_columns")) {
    out.extra_table_columns = field.member("extra_table_columns").integer(0, kMaxTokens);
  }
  if (field.has("gap_tokens")) out.gap_tokens = field.member("gap_tokens").integer(0, kMaxTokens);
  if (field.has("block_table")) {
    out.block_table = read_rows<std::int32_t>(field.member("block_table"), kMaxInt32);
  }
  if (field.has("strides")) out.strides = read_strides(field.member("strides"));
  return out;
}

problem::Plan read_plan(const Field& field) {
  field.expect_keys({"chunks", "parts", "merges", "num_splits", "schedule_seed"});
  problem::Plan out;
  if (field.has("chunks")) {
    out.chunks = read_rows<std::int64_t>(field.member("chunks"), kMaxTokens);
  }
  if (field.has("parts")) {
    const Field parts = field.member("parts");
    out.parts.resize(parts.list_size());
    for (std::size_t p = 0; p < out.parts.size(); ++p) {
      const Field part = parts.element(p);
      const std::size_t size = part.list_size(problem::kMaxBatch);
      for (std::size_t b = 0; b < size; ++b) {
        const Field range = part.element(b);
        if (range.list_size() != 2) range.fail("[begin, end]");
        const std::int64_t begin = range.element(0).integer(0, kMaxTokens);
        const std::int64_t end = range.element(1).integer(0, kMaxTokens);
        out.parts[p].push_back({begin, end});
      }
    }
  }
  if (field.has("merges")) out.merges = read_rows<std::int32_t>(field.member("merges"), kMaxInt32);
  if (field.has("num_splits")) {
    out.num_splits = static_cast<std::int32_t>(field.member("num_splits").integer(0, kMaxTokens));
  }
  if (field.has("schedule_seed")) out.schedule_seed = field.member("schedule_seed").hex64();
  return out;
}

Case parse_case(std::string_view text, const std::string& path) {
  if (text.size() > kMaxCaseBytes) {
    throw CorpusError(problem::printable(path),
                      fmt::format("expected at most {} bytes, got {}", kMaxCaseBytes, text.size()));
  }
  const nlohmann::json document = parse_json(text, path);
  Case out = read_document(Field(document, path));
  if (const std::optional<std::string> error = problem::find_error(out)) {
    throw CorpusError(problem::printable(path), problem::printable(*error, 1000));
  }
  return out;
}

}  // namespace attest::corpus
