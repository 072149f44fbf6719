#include "properties/program_run.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "oracle/compare.h"
#include "problem/index.h"
#include "properties/audible.h"
#include "properties/junk.h"
#include "properties/new_tokens.h"
#include "properties/program_pages.h"

namespace attest::properties {
namespace {

using problem::Call;
using problem::Case;
using problem::DType;
using problem::Elements;
using problem::Op;
using problem::Problem;
using problem::Sequences;
using problem::TokenId;
using problem::Verdict;

constexpr std::int64_t kMostSlots = std::int64_t{1} << 16;

void copy_row(const Elements& from, std::int64_t from_row, Elements& to, std::int64_t to_row,
              std::int64_t width) {
  const std::size_t bytes = at(width) * problem::size_of(from.type());
  if (bytes == 0) return;
  std::memcpy(to.data() + at(to_row) * bytes, from.data() + at(from_row) * bytes, bytes);
}

/// What a fresh pool holds.
Elements junk(DType type, std::int64_t count, std::uint64_t seed) {
  Elements out(type, at(count));
  for (std::size_t i = 0; i < out.size(); ++i) out.set(i, junk_value(seed, i));
  return out;
}

class Runner {
 public:
  Runner(const Case& value, Harness& harness)
      : value_(value),
        harness_(harness),
        pages_(value),
        tape_(pages_.tape()),
        inputs_(problem::make_inputs(tape_.problem, value.values, {})),
        k_row_(tape_.problem.num_kv_heads * tape_.problem.head_dim_qk),
        v_row_(tape_.problem.num_kv_heads * tape_.problem.head_dim_v) {
    const std::int64_t slots = value.storage.num_pages * value.storage.page_size;
    const std::uint64_t seed = problem::derive_seed(value.values.seed, 0x63616368);  // "cach"
    memory_.k = junk(tape_.problem.k_dtype, slots * k_row_, seed);
    memory_.v = junk(tape_.problem.v_dtype, slots * v_row_, seed + 1);
    if (tape_.problem.v_is_k_prefix) copy_prefix(slots);
    std::int64_t rows = 0, tokens = 0;
    for (const problem::Sequence& sequence : tape_.problem.sequences) {
      first_row_.push_back(std::exchange(rows, rows + sequence.q_len));
      first_token_.push_back(std::exchange(tokens, tokens + sequence.kv_len));
    }
  }

  ProgramRun run() {
    for (std::size_t i = 0; i < value_.program.calls.size() && !run_.end; ++i) {
      const Call& call = value_.program.calls[i];
      if (!pages_.step()) {
        end(i, Verdict::skipped("the pool has too few pages"));
      } else if (call.op == Op::kAppend) {
        append(i);
      } else if (call.op == Op::kAttend) {
        attend(i, call);
      }
    }
    return std::move(run_);
  }

 private:
  void copy_prefix(std::int64_t slots) {
    const Problem& p = tape_.problem;
    for (std::int64_t row = 0; row < slots * p.num_kv_heads; ++row) {
      for (std::int64_t lane = 0; lane < p.head_dim_v; ++lane) {
        memory_.v.set_bits(at(row * p.head_dim_v + lane),
                           memory_.k.bits(at(row * p.head_dim_qk + lane)));
      }
    }
  }

  void end(std::size_t index, Verdict verdict) {
    if (verdict.status != problem::Status::kSkipped) {
      verdict.message = call_text(value_.program, index) + ": " + verdict.message;
    }
    run_.end = std::move(verdict);
  }

  std::int64_t tape_token(const TokenId& id) const {
    return first_token_[at(id.sequence)] + id.token;
  }

  /// Tokens of the tape, one after the other, as the cache is to hold them.
  Elements stored(bool is_k, const std::vector<TokenId>& tokens) const {
    const Elements& from = is_k ? inputs_.k : inputs_.v;
    const std::int64_t row = is_k ? k_row_ : v_row_;
    Elements out(from.type(), tokens.size() * at(row));
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      copy_row(from, tape_token(tokens[t]), out, static_cast<std::int64_t>(t), row);
    }
    return out;
  }

  void append(std::size_t index) {
    const Problem& p = tape_.problem;
    Harness::AppendCall call;
    call.layout = value_.storage.layout;
    call.num_kv_heads = p.num_kv_heads;
    call.head_dim_qk = p.head_dim_qk;
    call.head_dim_v = p.head_dim_v;
    call.page_size = value_.storage.page_size;
    call.num_pages = value_.storage.num_pages;
    call.dtype = p.k_dtype;
    call.v_is_k_prefix = p.v_is_k_prefix;
    call.k_scale = p.k_scale;
    call.v_scale = p.v_scale;
    call.strides = value_.storage.strides;
    std::vector<TokenId> tokens;
    for (std::size_t i = 0; i < pages_.items().size(); ++i) {
      const Sequences::Item& item = pages_.items()[i];
      const BlockManager::Appended& appended = pages_.appended()[i];
      if (appended.copy) copy_page(*appended.copy);
      const bool padding = tape_.names[at(item.sequence)] == problem::kPaddingName;
      for (std::int64_t t = 0; t < item.count; ++t) {
        tokens.push_back({item.sequence, item.begin + t});
        // Any negative slot says so, not -1 alone.
        call.slots.push_back(padding ? -1 - item.begin - t : appended.slots[at(t)]);
      }
    }
    const Elements k = stored(true, tokens), v = stored(false, tokens);
    call.k_new = as_new(k, p.q_dtype, p.k_scale, p.head_dim_qk);
    call.v_new = as_new(v, p.q_dtype, p.v_scale, p.head_dim_v);
    if (!comes_back(k, call.k_new, p.k_scale, p.head_dim_qk) ||
        !comes_back(v, call.v_new, p.v_scale, p.head_dim_v)) {
      return end(index, Verdict::skipped("the type of q cannot hold what the cache does"));
    }
    call.k_cache = memory_.k;
    call.v_cache = memory_.v;
    const Harness::AppendRun run = harness_.append(call);
    if (run.failure) return end(index, *run.failure);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      if (call.slots[t] < 0) continue;
      copy_row(k, static_cast<std::int64_t>(t), memory_.k, call.slots[t], k_row_);
      copy_row(v, static_cast<std::int64_t>(t), memory_.v, call.slots[t], v_row_);
    }
    if (auto wrong = compare(true, run.k_cache, call.slots)) return end(index, *wrong);
    if (auto wrong = compare(false, run.v_cache, call.slots)) return end(index, *wrong);
  }

  /// Copy-on-write is the engine's work, not the kernel's.
  void copy_page(const BlockManager::Copy& copy) {
    const std::int64_t page = value_.storage.page_size;
    for (std::int64_t i = 0; i < copy.slots; ++i) {
      copy_row(memory_.k, copy.from * page + i, memory_.k, copy.to * page + i, k_row_);
      copy_row(memory_.v, copy.from * page + i, memory_.v, copy.to * page + i, v_row_);
    }
  }

  std::optional<Verdict> compare(bool is_k, const Elements& got,
                                 const std::vector<std::int64_t>& slots) const {
    const oracle::Deviation deviation = oracle::compare_bits(got, is_k ? memory_.k : memory_.v);
    if (!deviation.bad()) return std::nullopt;
    const auto slot = static_cast<std::int64_t>(deviation.first) / (is_k ? k_row_ : v_row_);
    const bool named = std::find(slots.begin(), slots.end(), slot) != slots.end();
    Verdict verdict = Verdict::fail(
        "bits", std::string(is_k ? "k" : "v") + "_cache slot " + std::to_string(slot) +
                    (named ? " does not hold the appended token"
                           : " was changed although no token goes there"));
    verdict.where = problem::Where{.tensor = is_k ? "k_cache" : "v_cache"};
    verdict.where->page = slot / value_.storage.page_size;
    verdict.expected = deviation.expected;
    verdict.got = deviation.got;
    return verdict;
  }

  Scene scene_of_attend(std::size_t index, const Call& call) const {
    const Problem& p = tape_.problem;
    Scene scene;
    scene.problem = call.problem;
    scene.storage = value_.storage;
    scene.num_splits = value_.plan.num_splits;
    scene.junk_seed = problem::derive_seed(value_.values.seed, 0x70726f67 + index);  // "prog"
    scene.memory = std::make_shared<const CacheMemory>(memory_);
    for (const problem::Poison& poison : value_.poisons) {
      if (allowed(harness_.info(), poison)) scene.poisons.push_back(poison);
    }
    const std::int64_t q_row = p.num_q_heads * p.head_dim_qk;
    problem::Inputs& inputs = scene.inputs;
    inputs.q = Elements(p.q_dtype, at(call.problem.total_q() * q_row));
    inputs.k = Elements(p.k_dtype, at(call.problem.total_kv() * k_row_));
    inputs.v = Elements(p.v_dtype, at(call.problem.total_kv() * v_row_));
    std::int64_t row = 0, token = 0;
    for (const Sequences::Item& item : pages_.items()) {
      scene.storage.block_table.push_back(pages_.blocks().table(item.sequence));
      for (std::int64_t i = 0; i < item.count; ++i) {
        copy_row(inputs_.q, first_row_[at(item.sequence)] + item.begin + i, inputs.q, row++, q_row);
      }
      for (const TokenId& id : pages_.sequences().tokens(item.sequence)) {
        copy_row(inputs_.k, tape_token(id), inputs.k, token, k_row_);
        copy_row(inputs_.v, tape_token(id), inputs.v, token++, v_row_);
      }
    }
    return scene;
  }

  void attend(std::size_t index, const Call& call) {
    Scene scene = scene_of_attend(index, call);
    if (!harness_.supported(scene)) {
      return end(index, Verdict::skipped("outside the kernel's declaration"));
    }
    Run run = harness_.attend(scene);
    if (run.failure) return end(index, *run.failure);
    run_.attended.push_back({index, std::move(scene), std::move(run.out)});
  }

  const Case& value_;
  Harness& harness_;
  ProgramPages pages_;
  const problem::Tape& tape_;
  problem::Inputs inputs_;  ///< of the tape
  std::int64_t k_row_, v_row_;
  CacheMemory memory_;
  std::vector<std::int64_t> first_row_, first_token_;  ///< of each sequence on the tape
  ProgramRun run_;
};

std::int64_t smallest(const attest_set& set) {
  if (set.count > 0) return *std::min_element(set.list, set.list + set.count);
  return std::max<std::int64_t>({set.min, set.multiple, 1});
}

}  // namespace

ProgramRun run_program(const Case& value, Harness& harness) {
  ProgramRun skipped;
  if (!problem::is_program(value)) {
    skipped.end = Verdict::skipped("no program");
  } else if (value.storage.num_pages * value.storage.page_size > kMostSlots) {
    skipped.end = Verdict::skipped("a pool too large to be copied from call to call");
  } else if (unserved(harness.info(), value)) {
    skipped.end = Verdict::skipped("outside the kernel's declaration");
  }
  if (skipped.end) return skipped;
  // Without create() there is no object, and a process costs more than the whole program.
  if (harness.info().has_create) harness.session().restart();
  return Runner(value, harness).run();
}

std::string call_text(const problem::Program& program, std::size_t call) {
  std::string text = "call " + std::to_string(call) + ", ";
  text += problem::name_of(program.calls[call].op);
  for (const std::string& name : problem::names_of(program.calls[call])) text += " " + name;
  return text;
}

Scene in_fresh_cache(const Scene& scene) {
  Scene fresh = scene;
  fresh.memory.reset();
  fresh.poisons.clear();
  fresh.junk_seed = problem::derive_seed(scene.junk_seed, 1);
  const problem::KvStorage plain =
      plain_storage(scene.problem, scene.storage.layout, scene.storage.page_size);
  fresh.storage.block_table = plain.block_table;
  fresh.storage.num_pages = plain.num_pages;
  return fresh;
}

std::optional<std::string> unserved(const kernels::KernelInfo& info, const Case& value) {
  if (!problem::is_program(value)) {
    return kernels::unsupported(info, value.problem(), value.storage);
  }
  const attest_capabilities& caps = info.capabilities;
  problem::Sequence shortest{.q_len = smallest(caps.q_len), .kv_len = 1, .start_pos = {}};
  shortest.kv_len = std::max(smallest(caps.kv_len), shortest.q_len);
  Problem probe = value.problem();
  probe.sequences.assign(at(smallest(caps.batch)), shortest);
  return kernels::unsupported(info, probe, value.storage);
}

}  // namespace attest::properties
