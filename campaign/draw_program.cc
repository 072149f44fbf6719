// A program of campaign/draw.h: its calls one by one, and the pages they leave behind.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "campaign/draw.h"
#include "campaign/table.h"
#include "problem/program.h"
#include "properties/program_pages.h"

namespace attest::campaign {
namespace {

using problem::Call;
using problem::Op;
using properties::BlockManager;

constexpr std::size_t kMaxPages = 24;

std::string item_text(Op op, const std::string& name, const problem::Sequence& lengths) {
  switch (op) {
    case Op::kAppend:
      if (name == problem::kPaddingName) return plural(lengths.q_len, "padding token");
      return fmt::format("{} +{} = {}", name, lengths.q_len, lengths.kv_len);
    case Op::kRollback:
      return fmt::format("{} -{} = {}", name, lengths.q_len, lengths.kv_len);
    case Op::kAttend:
      return fmt::format("{} {} over {}", name, plural(lengths.q_len, "row"), lengths.kv_len);
    default:
      return name;
  }
}

/// "[3 1* (7)]": 1 is shared, 7 was given back and may be anyone's.
std::string table_of(const BlockManager& pages, std::int64_t sequence) {
  std::vector<std::string> cells;
  for (const std::int32_t page : pages.table(sequence)) {
    if (cells.size() == kMaxPages) {
      cells.emplace_back("...");
      break;
    }
    const bool gone = static_cast<std::int64_t>(cells.size()) < pages.evicted_pages(sequence);
    const bool shared = !gone && pages.users(page) > 1;
    cells.push_back(gone ? fmt::format("({})", page)
                         : fmt::format("{}{}", page, shared ? "*" : ""));
  }
  return fmt::format("[{}]", fmt::join(cells, " "));
}

}  // namespace

std::string draw_program(const problem::Case& value) {
  const problem::KvStorage& storage = value.storage;
  const problem::Tape tape = problem::tape_of(value.program);
  std::string text = fmt::format(
      "storage   {}, pages of {}, a pool of {}, given out {}\n", problem::name_of(storage.layout),
      storage.page_size, plural(storage.num_pages, "page"),
      value.plan.schedule_seed == 0
          ? "last freed first"
          : fmt::format("at random, seed {:#x}", value.plan.schedule_seed));
  if (value.plan.num_splits != 0)
    text += fmt::format("plan      num_splits {}\n", value.plan.num_splits);
  text += "program   (* shared page, () page given back behind the window)\n";
  properties::ProgramPages pages(value);
  for (std::size_t i = 0; i < value.program.calls.size(); ++i) {
    const Call& call = value.program.calls[i];
    const std::vector<std::string> names = problem::names_of(call);
    std::vector<std::string> items;
    for (std::size_t b = 0; b < names.size(); ++b) {
      items.push_back(item_text(call.op, names[b], call.problem.sequences[b]));
    }
    if (call.op == Op::kFork) items = {fmt::format("{} from {}", names[1], names[0])};
    text += folded(fmt::format("  {:>2}  {:<8} ", i, problem::name_of(call.op)), items,
                   "               ");
    if (!pages.step()) return text + "      (the pool has too few pages)\n";
    if (call.op == Op::kAttend) continue;
    std::vector<std::string> tables;
    for (std::int64_t s = 0; s < tape.problem.batch(); ++s) {
      if (pages.blocks().length(s) == 0) continue;
      tables.push_back(fmt::format("{} {}", tape.names[static_cast<std::size_t>(s)],
                                   table_of(pages.blocks(), s)));
    }
    if (!tables.empty()) text += folded("        pages  ", tables, "               ");
  }
  std::vector<std::string> sequences;
  for (std::size_t s = 0; s < tape.names.size(); ++s) {
    const std::string& name = tape.names[s];
    sequences.push_back(
        fmt::format("{} is {}", s, name == problem::kPaddingName ? "padding" : name));
  }
  return text + folded("tape      sequence ", sequences, "          ");
}

}  // namespace attest::campaign
