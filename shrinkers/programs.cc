#include "shrinkers/programs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Call;
using problem::Case;
using problem::Op;
using problem::Override;
using problem::Tape;
using problem::Tensor;

namespace {

constexpr std::int64_t kMostProgramPieces = 48;

/// One sequence of one step, with its place on the tape before anything is changed.
struct Item {
  std::string name;
  std::int64_t count = 0;
  std::int64_t sequence = 0;   ///< on the old tape
  std::int64_t begin = 0;      ///< likewise
  std::int64_t old_count = 0;  ///< likewise
  bool longer = false;         ///< more rows than keys, and meant so
};
struct Step {
  Op op = Op::kAttend;
  std::vector<Item> items;
};
using Steps = std::vector<Step>;

Steps steps_of(const Case& base) {
  Steps steps;
  problem::Sequences sequences(problem::tape_of(base.program));
  for (const Call& call : base.program.calls) {
    Step& step = steps.emplace_back(Step{call.op, {}});
    const std::vector<std::string> names = problem::names_of(call);
    const auto items = sequences.apply(call);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const problem::Sequence& lengths = call.problem.sequences[i];
      step.items.push_back({names[i], items[i].count, items[i].sequence, items[i].begin,
                            items[i].count, lengths.q_len > lengths.kv_len});
    }
  }
  return steps;
}

/// The steps as a program again: lengths follow, and what has lost its object is left out.
class Rebuild {
 public:
  explicit Rebuild(const Case& base) : result_(base), common_(base.problem()) {
    result_.program.calls.clear();
  }

  Case run(const Steps& steps) {
    for (const Step& step : steps) add(step);
    move_overrides();
    return std::move(result_);
  }

 private:
  struct Move {
    bool rows = false;                     ///< of q, else tokens of k and v
    std::int64_t sequence = 0, begin = 0;  ///< on the old tape
    std::string name;
    std::int64_t new_begin = 0, count = 0;
  };

  /// The item as it can still be carried out; false when it cannot.
  bool repair(Op op, std::size_t index, Item& item) const {
    const std::int64_t length = length_of(item.name);
    switch (op) {
      case Op::kAppend:
        return item.count > 0;
      case Op::kAttend:
        if (!item.longer) item.count = std::min(item.count, length);
        return length > 0 || item.longer;
      case Op::kRollback:
        item.count = std::min(item.count, length);
        return item.count > 0;
      case Op::kFree:
        return length > 0;
      case Op::kFork:
        return (length > 0) == (index == 0);
      case Op::kAppendAttend:
        break;
    }
    return true;
  }

  void add(Step step) {
    std::vector<Item> kept;
    for (std::size_t i = 0; i < step.items.size(); ++i) {
      if (repair(step.op, i, step.items[i])) kept.push_back(step.items[i]);
    }
    if (kept.empty() || (step.op == Op::kFork && kept.size() != 2)) return;
    Call call{step.op, {}, common_};
    call.problem.sequences.clear();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const Item& item = kept[i];
      call.sequences.push_back(item.name);
      call.problem.sequences.push_back(
          {.q_len = item.count, .kv_len = take(step.op, i, kept), .start_pos = {}});
    }
    result_.program.calls.push_back(std::move(call));
  }

  /// What the item does; the length afterwards.
  std::int64_t take(Op op, std::size_t index, const std::vector<Item>& items) {
    const Item& item = items[index];
    if (op == Op::kAttend || op == Op::kAppend) {
      std::int64_t& done = op == Op::kAttend ? rows_[item.name] : appended_[item.name];
      moves_.push_back({op == Op::kAttend, item.sequence, item.begin, item.name, done, item.count});
      done += item.count;
    }
    if (item.name == problem::kPaddingName) return 0;
    std::int64_t& length = lengths_[item.name];
    if (op == Op::kAppend) length += item.count;
    if (op == Op::kRollback) length -= item.count;
    if (op == Op::kFree) length = 0;
    if (op == Op::kFork && index == 1) length = lengths_[items[0].name];
    return length;
  }

  std::int64_t length_of(const std::string& name) const {
    const auto found = lengths_.find(name);
    return found == lengths_.end() ? 0 : found->second;
  }

  void move_overrides() {
    const Tape tape = problem::tape_of(result_.program);
    std::erase_if(result_.values.overrides, [&](Override& entry) {
      for (const Move& move : moves_) {
        if (move.rows != (entry.tensor == Tensor::kQ) || move.sequence != entry.sequence) continue;
        if (entry.token < move.begin || entry.token >= move.begin + move.count) continue;
        entry.token += move.new_begin - move.begin;
        entry.sequence = tape.index_of(move.name);
        return false;
      }
      return true;
    });
  }

  Case result_;
  problem::Problem common_;
  std::map<std::string, std::int64_t> lengths_, rows_, appended_;
  std::vector<Move> moves_;
};

class ProgramVariants {
 public:
  explicit ProgramVariants(const Case& base) : base_(base), steps_(steps_of(base)) {}
  const Steps& steps() const { return steps_; }
  void add(const std::function<void(Steps&)>& edit) {
    Steps steps = steps_;
    edit(steps);
    result_.push_back(Rebuild(base_).run(steps));
  }
  Proposals take() { return std::move(result_); }

 private:
  const Case& base_;
  Steps steps_;
  Proposals result_;
};

/// Step i takes in the step after it, which does the same kind of thing.
void join(Steps& steps, std::size_t i) {
  for (const Item& added : steps[i + 1].items) {
    std::vector<Item>& items = steps[i].items;
    const auto same = std::find_if(items.begin(), items.end(),
                                   [&](const Item& item) { return item.name == added.name; });
    if (same == items.end()) {
      items.push_back(added);
    } else {
      same->count += added.count;
    }
  }
  steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
}

}  // namespace

Proposals fewer_steps(const Case& base) {
  ProgramVariants variants(base);
  const auto length = static_cast<std::int64_t>(variants.steps().size());
  for (const Piece piece : pieces(length, kMostProgramPieces)) {
    variants.add(
        [&](Steps& steps) { steps.erase(steps.begin() + piece.begin, steps.begin() + piece.end); });
  }
  for (std::size_t i = 0; i + 1 < variants.steps().size(); ++i) {
    const Op op = variants.steps()[i].op;
    if (op != variants.steps()[i + 1].op || op == Op::kAttend || op == Op::kFork) continue;
    variants.add([&](Steps& steps) { join(steps, i); });
  }
  for (const std::string& name : problem::tape_of(base.program).names) {
    variants.add([&](Steps& steps) {
      for (Step& step : steps) {
        std::erase_if(step.items, [&](const Item& item) { return item.name == name; });
      }
    });
  }
  for (std::size_t i = 0; i < variants.steps().size(); ++i) {
    const std::size_t count = variants.steps()[i].items.size();
    for (std::size_t j = 0; count > 1 && j < count; ++j) {
      variants.add([&](Steps& steps) {
        steps[i].items.erase(steps[i].items.begin() + static_cast<std::ptrdiff_t>(j));
      });
    }
  }
  return variants.take();
}

Proposals fewer_step_tokens(const Case& base) {
  ProgramVariants variants(base);
  variants.add([](Steps& steps) {
    for (Step& step : steps) {
      for (Item& item : step.items) item.count = std::min<std::int64_t>(item.count, 1);
    }
  });
  for (std::size_t i = 0; i < variants.steps().size(); ++i) {
    for (std::size_t j = 0; j < variants.steps()[i].items.size(); ++j) {
      for (const std::int64_t count : ladder(variants.steps()[i].items[j].count, 1)) {
        variants.add([&](Steps& steps) { steps[i].items[j].count = count; });
      }
    }
  }
  return variants.take();
}

Proposals simpler_pool(const Case& base) {
  Proposals result;
  const problem::KvStorage& now = base.storage;
  const auto add = [&](const std::function<void(problem::KvStorage&)>& edit) {
    result.push_back(base);
    edit(result.back().storage);
  };
  add([](problem::KvStorage& storage) { storage.layout = problem::KvLayout::kPagedNHD; });
  for (const std::int64_t size : size_ladder(now.page_size, 1)) {
    add([&](problem::KvStorage& storage) {
      storage.page_size = size;
      storage.num_pages = std::max<std::int64_t>(now.num_pages * now.page_size / size, 1);
    });
    add([&](problem::KvStorage& storage) { storage.page_size = size; });
  }
  for (const std::int64_t pages : ladder(now.num_pages, 1)) {
    add([&](problem::KvStorage& storage) { storage.num_pages = pages; });
  }
  add([](problem::KvStorage& storage) { storage.extra_table_columns = 0; });
  add([](problem::KvStorage& storage) { storage.strides = {}; });
  return result;
}

Proposals on_tape(Proposals (*propose)(const Case&), const Case& base) {
  const Case tape = problem::tape_case(base);
  Proposals result;
  for (Case& proposal : propose(tape)) {
    if (proposal.problem().sequences != tape.problem().sequences) continue;
    Case& variant = result.emplace_back(base);
    for (Call& call : variant.program.calls) {
      std::vector<problem::Sequence> lengths = std::move(call.problem.sequences);
      call.problem = proposal.problem();
      call.problem.sequences = std::move(lengths);
    }
    variant.values = std::move(proposal.values);
    variant.plan = std::move(proposal.plan);
    variant.poisons = std::move(proposal.poisons);
  }
  return result;
}

}  // namespace attest::shrinkers
