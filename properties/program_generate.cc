#include "properties/program_generate.h"

#include <algorithm>
#include <memory>
#include <rapidcheck.h>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck/state.h>

#include "problem/program.h"
#include "properties/generate.h"
#include "properties/program_pages.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Call;
using problem::Case;
using problem::Op;

constexpr std::int64_t kMostSequences = 4;
constexpr std::int64_t kMostPages = 4;  ///< of one sequence
constexpr std::int64_t kPadding = -1;   ///< in place of a sequence
constexpr std::int64_t kAmplePool = 1 << 12;
constexpr int kMostDraws = 4;

/// What the model and the commands know of the kernel and the case.
struct Shape {
  std::int64_t page_size = 1;
  std::int64_t most_tokens = 1;  ///< of one sequence
  attest_set q_len{}, batch{};
  bool ragged = false;
  ProgramTaste taste;

  bool takes_rows(std::int64_t rows) const { return kernels::contains(q_len, rows); }
  bool takes_batch(std::size_t size) const {
    return kernels::contains(batch, static_cast<std::int64_t>(size));
  }
};

struct Model {
  std::vector<std::int64_t> lengths = std::vector<std::int64_t>(kMostSequences, 0);

  std::vector<std::int64_t> with_tokens(bool some) const {
    std::vector<std::int64_t> found;
    for (std::int64_t s = 0; s < kMostSequences; ++s) {
      if ((lengths[static_cast<std::size_t>(s)] > 0) == some) found.push_back(s);
    }
    return found;
  }
};
struct NoSystem {};  ///< commands are drawn here and run elsewhere (program_run.h)

struct Item {
  std::int64_t sequence = 0;
  std::int64_t count = 0;
};
struct Step {
  Op op = Op::kAttend;
  std::vector<Item> items;
};

/// One thing an engine does: a step or, usually, an append and the attend over it.
class Command : public rc::state::Command<Model, NoSystem> {
 public:
  Command(std::shared_ptr<const Shape> shape, std::vector<Step> steps)
      : shape_(std::move(shape)), steps_(std::move(steps)) {}

  const std::vector<Step>& steps() const { return steps_; }

  void checkPreconditions(const Model& before) const override {
    Model model = before;
    RC_PRE(!steps_.empty());
    for (const Step& step : steps_) {
      RC_PRE(valid(model, step));
      take(step, model);
    }
  }
  void apply(Model& model) const override {
    for (const Step& step : steps_) take(step, model);
  }

 private:
  bool valid(const Model& model, const Step& step) const {
    if (step.items.empty()) return false;
    if (step.op == Op::kAttend && !shape_->takes_batch(step.items.size())) return false;
    for (std::size_t i = 0; i < step.items.size(); ++i) {
      const auto& [sequence, count] = step.items[i];
      if (sequence == kPadding) continue;
      const std::int64_t length = model.lengths[static_cast<std::size_t>(sequence)];
      const bool fits = step.op == Op::kAppend ? length + count <= shape_->most_tokens
                        : step.op == Op::kAttend
                            ? length > 0 && count <= length && shape_->takes_rows(count)
                        : step.op == Op::kRollback ? count >= 1 && count <= length
                        : step.op == Op::kFree     ? length > 0
                                                   : (length > 0) == (i == 0);
      if (!fits) return false;
    }
    return true;
  }
  static void take(const Step& step, Model& model) {
    for (std::size_t i = 0; i < step.items.size(); ++i) {
      const auto& [sequence, count] = step.items[i];
      if (sequence == kPadding) continue;
      std::int64_t& length = model.lengths[static_cast<std::size_t>(sequence)];
      if (step.op == Op::kAppend) length += count;
      if (step.op == Op::kRollback) length -= count;
      if (step.op == Op::kFree) length = 0;
      if (step.op == Op::kFork && i == 1) {
        length = model.lengths[static_cast<std::size_t>(step.items[0].sequence)];
      }
    }
  }

  std::shared_ptr<const Shape> shape_;
  std::vector<Step> steps_;
};
using CommandPointer = std::shared_ptr<const rc::state::Command<Model, NoSystem>>;

std::int64_t draw_count(Draw& draw, std::int64_t page) {
  if (draw.chance(45)) return 1;
  return std::max<std::int64_t>(
      draw.pick(std::vector<std::int64_t>{1, 2, 3, page - 1, page, page + 1, 2 * page + 1}), 1);
}

/// Some of the sequences, in any order; at least one.
std::vector<std::int64_t> draw_some(Draw& draw, std::vector<std::int64_t> from) {
  draw.shuffle(from);
  const std::int64_t count = draw.between(1, static_cast<std::int64_t>(from.size()));
  from.resize(static_cast<std::size_t>(count));
  return from;
}

/// Rows of an attend: the newest tokens, in what numbers the kernel takes.
Step draw_attend(Draw& draw, const Shape& shape, const Model& model,
                 const std::vector<Item>& newest) {
  Step attend{Op::kAttend, newest};
  std::int64_t common = kMostPages * shape.page_size;
  for (Item& item : attend.items) {
    const std::int64_t length = model.lengths[static_cast<std::size_t>(item.sequence)];
    item.count = std::clamp<std::int64_t>(item.count, 1, std::max<std::int64_t>(length, 1));
    common = std::min(common, item.count);
  }
  const bool decode = draw.chance(30);
  for (Item& item : attend.items) {
    if (!shape.ragged) item.count = common;
    if (decode || !shape.takes_rows(item.count)) item.count = 1;
  }
  if (shape.ragged) return attend;
  for (Item& item : attend.items) common = std::min(common, item.count);
  for (Item& item : attend.items) item.count = common;
  return attend;
}

/// An append, to old sequences and now and then to a new one; with an attend over it.
std::vector<Step> draw_step(Draw& draw, const Shape& shape, const Model& model) {
  const std::vector<std::int64_t> old = model.with_tokens(true);
  const std::vector<std::int64_t> fresh = model.with_tokens(false);
  std::vector<std::int64_t> chosen;
  if (!old.empty()) chosen = draw_some(draw, old);
  const bool newcomer = draw.chance(35);
  if (!fresh.empty() && (chosen.empty() || newcomer)) chosen.push_back(fresh.front());
  Step append{Op::kAppend, {}};
  Model after = model;
  std::vector<Item> newest;
  for (const std::int64_t sequence : chosen) {
    std::int64_t& length = after.lengths[static_cast<std::size_t>(sequence)];
    const std::int64_t room = shape.most_tokens - length;
    const std::int64_t count = std::min(draw_count(draw, shape.page_size), room);
    if (count > 0) append.items.push_back({sequence, count});
    length += std::max<std::int64_t>(count, 0);
    newest.push_back({sequence, count});
  }
  const bool padded = draw.chance(20);
  if (padded && !append.items.empty()) {
    const std::int64_t where = draw.between(0, static_cast<std::int64_t>(append.items.size()));
    const std::int64_t count = draw.between(1, 2);
    append.items.insert(append.items.begin() + where, {kPadding, count});
  }
  std::vector<Step> steps;
  if (!append.items.empty()) steps.push_back(std::move(append));
  const bool quiet = draw.chance(15);
  if (!quiet || steps.empty()) steps.push_back(draw_attend(draw, shape, after, newest));
  return steps;
}

/// One token for each of the sequences, always in the same order, and the attend over it.
std::vector<Step> draw_decode(Draw& draw, const Shape& shape, const Model& model) {
  Step append{Op::kAppend, {}};
  for (const std::int64_t sequence : model.with_tokens(true)) {
    if (model.lengths[static_cast<std::size_t>(sequence)] == shape.most_tokens) continue;
    if (shape.takes_batch(append.items.size() + 1)) append.items.push_back({sequence, 1});
  }
  if (append.items.empty()) return draw_step(draw, shape, model);
  return {append, {Op::kAttend, append.items}};
}

std::vector<Step> draw_steps(Draw& draw, const Shape& shape, const Model& model) {
  const std::vector<std::int64_t> old = model.with_tokens(true);
  const std::vector<std::int64_t> fresh = model.with_tokens(false);
  enum class Kind : std::uint8_t { kStep, kDecode, kAttend, kFork, kFree, kRollback };
  std::vector<Kind> kinds(3, Kind::kStep);
  if (!old.empty()) {
    kinds.insert(kinds.end(), 3, Kind::kDecode);
    kinds.push_back(Kind::kAttend);
    kinds.insert(kinds.end(), static_cast<std::size_t>(shape.taste.frees), Kind::kFree);
    kinds.insert(kinds.end(), static_cast<std::size_t>(shape.taste.rollbacks), Kind::kRollback);
    if (!fresh.empty()) {
      kinds.insert(kinds.end(), static_cast<std::size_t>(shape.taste.forks), Kind::kFork);
    }
  }
  const Kind kind = draw.pick(kinds);
  if (kind == Kind::kStep) return draw_step(draw, shape, model);
  if (kind == Kind::kDecode) return draw_decode(draw, shape, model);
  if (kind == Kind::kAttend) {
    std::vector<Item> items;
    for (const std::int64_t sequence : draw_some(draw, old)) {
      const std::int64_t length = model.lengths[static_cast<std::size_t>(sequence)];
      const std::int64_t rows = draw.between(1, length);
      items.push_back({sequence, rows});
    }
    return {draw_attend(draw, shape, model, items)};
  }
  const std::int64_t sequence = draw.pick(old);
  if (kind == Kind::kFork) return {{Op::kFork, {{sequence, 0}, {fresh.front(), 0}}}};
  if (kind == Kind::kFree) return {{Op::kFree, {{sequence, 0}}}};
  const std::int64_t length = model.lengths[static_cast<std::size_t>(sequence)];
  const std::int64_t most = draw.chance(75) ? std::min<std::int64_t>(length, 3) : length;
  const std::int64_t count = draw.between(1, most);
  std::vector<Step> steps{{Op::kRollback, {{sequence, count}}}};
  const bool ask = draw.chance(60);
  if (ask && count < length) {
    Model after = model;
    after.lengths[static_cast<std::size_t>(sequence)] -= count;
    steps.push_back(draw_attend(draw, shape, after, {{sequence, length - count}}));
  }
  return steps;
}

std::string name_of(std::int64_t sequence) {
  return sequence == kPadding ? std::string(problem::kPaddingName)
                              : std::string(1, static_cast<char>('a' + sequence));
}

/// The drawn steps as calls of a problem.
problem::Program program_of(const std::vector<Step>& steps, const problem::Problem& common) {
  problem::Program program;
  Model model;
  for (const Step& step : steps) {
    Call call{step.op, {}, common};
    call.problem.sequences.clear();
    for (std::size_t i = 0; i < step.items.size(); ++i) {
      const auto& [sequence, count] = step.items[i];
      call.sequences.push_back(name_of(sequence));
      std::int64_t kv_len = 0;
      if (sequence != kPadding) {
        std::int64_t& length = model.lengths[static_cast<std::size_t>(sequence)];
        if (step.op == Op::kAppend) length += count;
        if (step.op == Op::kRollback) length -= count;
        if (step.op == Op::kFree) length = 0;
        if (step.op == Op::kFork && i == 1) {
          length = model.lengths[static_cast<std::size_t>(step.items[0].sequence)];
        }
        kv_len = length;
      }
      call.problem.sequences.push_back({.q_len = count, .kv_len = kv_len, .start_pos = {}});
    }
    program.calls.push_back(std::move(call));
  }
  return program;
}

/// A last attend over all that is left, so that nothing done before goes unheard.
void add_last_attend(Draw& draw, const Shape& shape, std::vector<Step>& steps) {
  Model model;
  for (const Step& step : steps) Command(nullptr, {step}).apply(model);
  if (model.with_tokens(true).empty()) {
    steps.push_back({Op::kAppend, {{0, 1}}});
    Command(nullptr, {steps.back()}).apply(model);
  }
  std::vector<Item> items;
  for (const std::int64_t sequence : model.with_tokens(true)) items.push_back({sequence, 1});
  while (items.size() > 1 && !shape.takes_batch(items.size())) items.pop_back();
  steps.push_back(draw_attend(draw, shape, model, items));
}

std::vector<Step> draw_all(Draw& draw, const std::shared_ptr<const Shape>& shape) {
  const auto next = [shape](const Model& model) {
    return rc::Gen<CommandPointer>([shape, model](const rc::Random& random, int size) {
      Draw inner(random, size);
      return rc::shrinkable::just(
          CommandPointer(std::make_shared<Command>(shape, draw_steps(inner, *shape, model))));
    });
  };
  const auto commands = rc::state::gen::commands(Model{}, next);
  const std::uint64_t seed = draw.bits();
  std::vector<Step> steps;
  // The size bounds the number of commands.
  for (const CommandPointer& command : commands(rc::Random(seed), 4 + draw.size() / 12).value()) {
    const auto& drawn = static_cast<const Command&>(*command).steps();
    steps.insert(steps.end(), drawn.begin(), drawn.end());
  }
  add_last_attend(draw, *shape, steps);
  return steps;
}

bool has(const std::vector<Step>& steps, Op op) {
  return std::any_of(steps.begin(), steps.end(), [op](const Step& step) { return step.op == op; });
}

std::int64_t pages_needed(const problem::Program& program, std::int64_t page_size, bool evict) {
  ProgramPages pages(program, kAmplePool, page_size, 0, evict);
  for (std::size_t i = 0; i < program.calls.size(); ++i) pages.step();
  return std::max<std::int64_t>(pages.blocks().most_pages(), 1);
}

/// Leaves of a drawn call what all calls of a program can have in common.
void make_common(problem::Problem& problem) {
  problem.sequences.clear();
  problem.mask.tree.clear();
  problem.mask.custom.clear();
  problem.bias = problem::Bias::kNone;
  const auto by_head = [](problem::Scales& scales, std::int64_t heads) {
    if (static_cast<std::int64_t>(scales.size()) > heads) {
      scales.resize(static_cast<std::size_t>(heads));
    }
  };
  by_head(problem.q_scale, problem.num_q_heads);
  by_head(problem.k_scale, problem.num_kv_heads);
  by_head(problem.v_scale, problem.num_kv_heads);
}

void make_program(Draw& draw, const KernelInfo& info, const ProgramTaste& taste, Case& value) {
  problem::Problem common = value.problem();
  make_common(common);
  Shape shape;
  shape.page_size = value.storage.page_size;
  // Small pages: more of them are shared, copied, given back and used again.
  for (const std::int64_t page : {1, 2, 3, 4}) {
    const bool take = shape.page_size > 4 && draw.chance(35);
    if (take && kernels::contains(info.capabilities.page_size, page)) shape.page_size = page;
  }
  shape.most_tokens = kMostPages * shape.page_size + 2;
  shape.q_len = info.capabilities.q_len;
  shape.batch = info.capabilities.batch;
  shape.ragged = info.has(ATTEST_FEATURE_RAGGED);
  shape.taste = taste;
  if (taste.window) common.mask.window_left = draw.between(0, shape.page_size + 2);
  const auto shared_shape = std::make_shared<const Shape>(shape);
  std::vector<Step> steps = draw_all(draw, shared_shape);
  for (int again = 0; again < kMostDraws && taste.must && !has(steps, *taste.must); ++again) {
    steps = draw_all(draw, shared_shape);
  }
  value.program = program_of(steps, common);

  problem::KvStorage storage;
  storage.layout = value.storage.layout;
  storage.page_size = shape.page_size;
  storage.extra_table_columns = value.storage.extra_table_columns;
  if (storage.page_size == value.storage.page_size) storage.strides = value.storage.strides;
  storage.strides.q.one_head = storage.strides.k.one_head = storage.strides.v.one_head = false;
  storage.num_pages =
      pages_needed(value.program, shape.page_size, taste.evict) + draw.between(0, 2);
  value.storage = storage;
  value.plan.chunks.clear();
  value.plan.parts.clear();
  value.plan.merges.clear();
  value.plan.schedule_seed = draw.chance(50) ? 0 : draw.bits();
  value.values.needle = draw.between(0, shape.most_tokens - 1);
  if (draw.chance(50)) value.poisons.clear();
}

}  // namespace

rc::Gen<Case> programs(const KernelInfo& info, const ProgramTaste& taste) {
  using problem::PoisonPlace;
  Wish wish{.paged = true,
            .no_tree = true,
            .poison = {PoisonPlace::kFreePages, PoisonPlace::kFreePages, PoisonPlace::kPageTail,
                       PoisonPlace::kTableTail}};
  const bool windows =
      info.has(ATTEST_FEATURE_WINDOW_LEFT) || info.has(ATTEST_FEATURE_WINDOW_RIGHT);
  if (windows) wish.poison.push_back(PoisonPlace::kOutsideWindow);
  return cases(info, wish,
               [info, taste](Draw& draw, Case& value) { make_program(draw, info, taste, value); });
}

}  // namespace attest::properties
