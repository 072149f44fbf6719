#include "properties/program_pages.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "oracle/visible.h"

namespace attest::properties {

using problem::Call;
using problem::Op;

ProgramPages::ProgramPages(const problem::Program& program, std::int64_t num_pages,
                           std::int64_t page_size, std::uint64_t order, bool evict)
    : program_(program),
      evict_(evict),
      tape_(problem::tape_of(program)),
      sequences_(tape_),
      blocks_(tape_.problem.batch(), num_pages, page_size, order) {
  if (evict) needed_ = first_tokens_needed(program);
}

ProgramPages::ProgramPages(const problem::Case& value)
    : ProgramPages(value.program, value.storage.num_pages, value.storage.page_size,
                   value.plan.schedule_seed, evicts(value)) {}

bool ProgramPages::step() {
  const std::size_t index = next_++;
  for (std::int64_t s = 0; evict_ && s < tape_.problem.batch(); ++s) {
    blocks_.evict(s, needed_[index][static_cast<std::size_t>(s)]);
  }
  const Call& call = program_.calls[index];
  items_ = sequences_.apply(call);
  appended_.clear();
  switch (call.op) {
    case Op::kAppend:
      return append();
    case Op::kFork:
      blocks_.fork(items_[0].sequence, items_[1].sequence);
      break;
    case Op::kFree:
      for (const auto& item : items_) blocks_.free(item.sequence);
      break;
    case Op::kRollback:
      for (const auto& item : items_) blocks_.rollback(item.sequence, item.count);
      break;
    case Op::kAttend:
    case Op::kAppendAttend:
      break;
  }
  return true;
}

bool ProgramPages::append() {
  for (const auto& item : items_) {
    if (tape_.names[static_cast<std::size_t>(item.sequence)] == problem::kPaddingName) {
      appended_.emplace_back();
      continue;
    }
    auto appended = blocks_.append(item.sequence, item.count);
    if (!appended) return false;
    appended_.push_back(std::move(*appended));
  }
  return true;
}

std::vector<std::vector<std::int64_t>> first_tokens_needed(const problem::Program& program) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const problem::Tape tape = problem::tape_of(program);
  std::vector<std::vector<std::int64_t>> needed(program.calls.size() + 1);
  needed.back().assign(tape.names.size(), kNever);
  for (std::size_t i = program.calls.size(); i-- > 0;) {
    const Call& call = program.calls[i];
    needed[i] = needed[i + 1];
    const auto first_of = [&](const std::string& name) -> std::int64_t& {
      return needed[i][static_cast<std::size_t>(tape.index_of(name))];
    };
    const std::vector<std::string> names = problem::names_of(call);
    for (std::size_t b = 0; b < names.size(); ++b) {
      std::int64_t& first = first_of(names[b]);
      if (call.op == Op::kFree) first = kNever;
      if (call.op == Op::kFork && b == 1) {
        std::int64_t& parent = first_of(names[0]);
        parent = std::min(parent, std::exchange(first, kNever));
      }
      if (call.op != Op::kAttend) continue;
      for (std::int64_t row = 0; row < call.problem.sequences[b].q_len; ++row) {
        first = std::min(
            first, oracle::visible_range(call.problem, static_cast<std::int64_t>(b), row).first);
      }
    }
  }
  return needed;
}

std::optional<problem::Case> last_attend(const problem::Case& value) {
  std::optional<problem::Case> last;
  ProgramPages pages(value);
  for (const Call& call : value.program.calls) {
    if (!pages.step()) break;
    if (call.op != Op::kAttend) continue;
    last = value;
    last->program.calls = {{Op::kAttend, {}, call.problem}};
    for (const auto& item : pages.items()) {
      last->storage.block_table.push_back(pages.blocks().table(item.sequence));
    }
  }
  return last;
}

bool evicts(const problem::Case& value) { return value.property == "cache.eviction"; }

}  // namespace attest::properties
