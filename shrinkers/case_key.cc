#include "shrinkers/case_key.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace attest::shrinkers {

using problem::Case;

namespace {

std::uint64_t mixed(std::uint64_t x) {  // the finaliser of SplitMix64 (Steele et al. 2014)
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9;
  x ^= x >> 27;
  x *= 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Digest {
 public:
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) { add_word(static_cast<std::uint64_t>(value)); }
  void add(double value) { add_word(std::bit_cast<std::uint64_t>(value)); }
  void add(const std::string& text) { add_range(text); }
  template <typename T>
  void add(const std::vector<T>& values) {
    add_range(values);
  }
  template <typename T>
  void add(const std::optional<T>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  void add(const problem::Range& range) { add_all(range.begin, range.end); }
  void add(const problem::Tree& tree) { add(tree.parent); }
  void add(const problem::Sequence& s) { add_all(s.q_len, s.kv_len, s.start_pos); }
  void add(const problem::Override& o) {
    add_all(o.tensor, o.sequence, o.token, o.head, o.lane, o.bits);
  }
  void add(const problem::Poison& p) { add_all(p.place, p.kind, p.in_k, p.in_v); }
  void add(const problem::Mask& m) {
    add_all(m.causal, m.window_left, m.window_right, m.attention_chunk, m.tree, m.custom);
  }
  void add(const problem::Problem& p) {
    add_all(p.sequences, p.num_q_heads, p.num_kv_heads, p.head_dim_qk, p.head_dim_v);
    add_all(p.v_is_k_prefix, p.q_dtype, p.k_dtype, p.v_dtype, p.o_dtype, p.scale, p.softcap);
    add_all(p.alibi_slopes, p.sinks, p.bias, p.q_scale, p.k_scale, p.v_scale, p.o_scale, p.mask);
  }
  void add(const problem::Call& c) { add_all(c.op, c.sequences, c.problem); }
  void add(const problem::Values& v) { add_all(v.distribution, v.seed, v.needle, v.overrides); }
  void add(const problem::Gaps& g) { add_all(g.outer, g.token, g.head, g.lane, g.one_head); }
  void add(const problem::Strides& s) { add_all(s.q, s.k, s.v, s.o, s.lse); }
  void add(const problem::KvStorage& s) {
    add_all(s.layout, s.page_size, s.num_pages, s.block_table, s.extra_table_columns, s.gap_tokens);
    add(s.strides);
  }
  void add(const problem::Plan& p) {
    add_all(p.chunks, p.parts, p.merges, p.num_splits, p.schedule_seed);
  }

  template <typename... T>
  void add_all(const T&... values) {
    (add(values), ...);
  }

  CaseKey key() const { return {mixed(high_), mixed(low_)}; }

 private:
  void add_word(std::uint64_t word) {
    high_ = mixed(high_ ^ word) + 0x9e3779b97f4a7c15;
    low_ = mixed(low_ + word * 0xd1342543de82ef95) ^ 0xa0761d6478bd642f;
  }
  template <typename Range>
  void add_range(const Range& values) {
    add_word(values.size());
    for (const auto& value : values) add(value);
  }

  std::uint64_t high_ = 1;
  std::uint64_t low_ = 2;
};

}  // namespace

CaseKey key_of(const Case& value) {
  Digest digest;
  digest.add_all(value.program.calls, value.values, value.storage, value.plan, value.poisons);
  return digest.key();
}

}  // namespace attest::shrinkers
