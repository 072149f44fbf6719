// The fast evaluation of attention: packed keys in, values and error balls out, in certified double
// or in double-double. One implementation (engine_impl.h) compiled once per instruction set; all
// give the same bits, and a row's bits do not depend on the rows it shares a block with. Plain data
// in and out, so that nothing of the standard library crosses over. Internal to oracle/.
//
// Callers guard the floating-point environment (oracle/fpenv.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace attest::oracle::simd {

/// Changes whenever the engine would give other bits.
inline constexpr int kEngineVersion = 1;

inline constexpr std::int64_t kPanel = 16;      ///< keys, or output lanes, side by side in memory
inline constexpr std::int64_t kBlockRows = 12;  ///< rows evaluated together

// Inlined always: a copy made by a compiler for AVX-512 must not serve the whole program.
#define ATTEST_SIMD_EVERYWHERE __attribute__((always_inline)) constexpr

/// count / kPanel, rounded up.
ATTEST_SIMD_EVERYWHERE std::int64_t panels(std::int64_t count) {
  return (count + kPanel - 1) / kPanel;
}

/// One KV head of one sequence, as pack() leaves it. Memory belongs to the caller.
struct Keys {
  /// Keys. The last half panel of k is filled up with copies of the last key; entries beyond that,
  /// and values beyond the last key, are not written and must not be read.
  std::int64_t count = 0;
  std::int64_t dim_qk = 0;
  std::int64_t dim_v = 0;          ///< output panels are padded with zeros to a multiple of kPanel
  double* k = nullptr;             ///< [key panels, dim_qk, kPanel]
  double* v = nullptr;             ///< [output panels, key panels * kPanel, kPanel]
  double* norm_k = nullptr;        ///< [key panels * kPanel] at least |k_j|_2
  double* panel_norm_k = nullptr;  ///< [key panels] the largest norm_k of a panel
  double* max_v = nullptr;         ///< [output panels * kPanel] max_j |v_jd|
};

/// Doubles of memory the arrays of Keys need for `count`, `dim_qk` and `dim_v`.
std::int64_t keys_size(const Keys& keys);
/// Points the arrays into `memory`, keys_size() doubles, aligned to 64 bytes.
void place_keys(Keys& keys, double* memory);

/// How far `extra` may be from the sum it stands for: this much times `extra_size`, in double and
/// together with `extra_low`.
inline constexpr double kExtraError = 3 * 0x1p-53;
inline constexpr double kExtraErrorDD = 0x1p-100;
/// How far factor + factor_low may be from the factor it stands for, relative. In double, `factor`
/// alone may be off by 2^-52.
inline constexpr double kFactorErrorDD = 0x1p-100;

/// One row: a query row of one head. Finite inputs only.
struct BlockRow {
  const double* q = nullptr;  ///< [dim_qk]
  double factor = 1;          ///< scale * q_scale * k_scale; with factor_low as double-double
  double factor_low = 0;
  double v_scale = 1;
  std::int64_t first = 0, last = 0;    ///< keys seen are within [first, last)
  const double* extra = nullptr;       ///< [count] added after softcap, -inf hides a key; or null
  const double* extra_low = nullptr;   ///< double-double only, may be null
  const double* extra_size = nullptr;  ///< [count] |ALiBi term| + |bias|; null with extra null
  double sink = 0;
  bool has_sink = false;

  // Results. Of a row that sees nothing: o 0, lse -inf (the sink, if there is one), balls 0.
  double* o = nullptr;      ///< [dim_v]
  double* o_low = nullptr;  ///< [dim_v], double-double only
  double* ball = nullptr;   ///< [dim_v]
  double lse = 0, lse_low = 0, lse_ball = 0;
  /// Largest score, the sink included; -inf of a row that sees nothing. Rounded in double-double.
  double max_t = 0;
  double l = 0;        ///< sum_j e^(t_j - max_t), the sink included
  bool finite = true;  ///< false: a score or result may have overflowed and nothing here counts
};

struct Block {
  const Keys* keys = nullptr;
  double softcap = 0;         ///< 0: none
  std::int64_t num_rows = 0;  ///< 1 ... kBlockRows
  BlockRow rows[kBlockRows];
};

/// Working memory of one block, and what attend_double leaves there: entry (r, j) of row r and key
/// j at panel_entry(r, j), for keys of the panels [first_panel, last_panel), which hold all keys
/// that any row of the block sees.
struct Scratch {
  double* memory = nullptr;  ///< scratch_size() doubles, aligned to 64 bytes
  bool keep_scores = false;  ///< fill in dots and scores, too

  std::int64_t first_panel = 0, last_panel = 0;
  double* weights = nullptr;  ///< e^(t_j - max_t); 0 for keys not seen
  float* dots = nullptr;      ///< scaled dot products before softcap, also of keys not seen
  /// With softcap or extra: t_j, -inf for keys not seen. Else null: t_j is the dot product.
  float* scores = nullptr;
};

/// Arrays of Scratch are laid out [key panels, kBlockRows, kPanel].
ATTEST_SIMD_EVERYWHERE std::int64_t panel_entry(std::int64_t row, std::int64_t key) {
  return (key / kPanel * kBlockRows + row) * kPanel + key % kPanel;
}

/// What one instruction set offers.
struct Engine {
  const char* name;  ///< "avx512", "avx2", "portable"
  /// Packs `keys.count` rows at k and v (`stride` doubles apart, entries finite) into the arrays of
  /// `keys`.
  void (*pack)(const double* k, std::int64_t k_stride, const double* v, std::int64_t v_stride,
               Keys& keys);
  void (*attend_double)(Block& block, Scratch& scratch);
  void (*attend_double_double)(Block& block, Scratch& scratch);
};

/// Doubles of working memory a block over `keys` needs.
std::int64_t scratch_size(const Keys& keys);

/// The best this machine has, or what ATTEST_SIMD=avx512|avx2|portable asks for.
/// Throws ContractError when that is not available.
const Engine& engine();

/// By name; nullptr when this machine or build does not have it. For tests and benches.
const Engine* find_engine(const char* name);

}  // namespace attest::oracle::simd
