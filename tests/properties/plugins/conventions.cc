// One textbook kernel, f32 over a padded cache, that can behave in every way attest_conventions has
// words for, and may declare another. "NAME/honest" does what it declares; "NAME/undeclared" does
// it and declares the default; "NAME/overdeclared" does the default and declares NAME.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "attest_kernel.h"

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kLn2 = 0.693147180559945309417232;

constexpr attest_conventions defaults() {
  attest_conventions all{};
  all.struct_size = sizeof(attest_conventions);
  return all;
}

// ---- The ways ----------------------------------------------------------------------------------

enum Way {
  kPlain,
  kTopLeft,
  kCountsSelf,
  kBase2,
  kHeadRow,
  kEmptyNaN,
  kEmptyPlusInf,
  kSinkOut,
  kSlotsFinite,
  kSlotsZero,
  kMaskedFinite,
  kOutputZeroed,
  kWorkspaceZeroed,
  kWorkspaceZeroedOnce,
  kStateAcc,
  kStateNormalised,
  kNumWays
};

constexpr attest_conventions conventions_of(Way way) {
  attest_conventions c = defaults();
  switch (way) {
    case kTopLeft:
      c.causal_alignment = ATTEST_CAUSAL_TOP_LEFT;
      break;
    case kCountsSelf:
      c.window_counts_self = ATTEST_WINDOW_COUNTS_SELF;
      break;
    case kBase2:
      c.lse_base = ATTEST_LSE_BASE_2;
      break;
    case kHeadRow:
      c.lse_layout = ATTEST_LSE_HEAD_ROW;
      break;
    case kEmptyNaN:
      c.empty_o = ATTEST_EMPTY_O_NAN;
      break;
    case kEmptyPlusInf:
      c.empty_lse = ATTEST_EMPTY_LSE_PLUS_INF;
      break;
    case kSinkOut:
      c.sink_not_in_lse = 1;
      break;
    case kSlotsFinite:
      c.unused_slots = ATTEST_SLOTS_FINITE;
      break;
    case kSlotsZero:
      c.unused_slots = ATTEST_SLOTS_ZERO;
      break;
    case kMaskedFinite:
      c.masked_tokens = ATTEST_SLOTS_FINITE;
      break;
    case kOutputZeroed:
      c.output_before = ATTEST_OUTPUT_ZEROED;
      break;
    case kWorkspaceZeroed:
      c.workspace_before = ATTEST_WORKSPACE_ZEROED;
      break;
    case kWorkspaceZeroedOnce:
      c.workspace_before = ATTEST_WORKSPACE_ZEROED_ONCE;
      break;
    case kStateAcc:
      c.state_format = ATTEST_STATE_M_L_ACC;
      break;
    case kStateNormalised:
      c.state_format = ATTEST_STATE_M_L_O;
      break;
    case kPlain:
    case kNumWays:
      break;
  }
  return c;
}

// ---- The kernel --------------------------------------------------------------------------------

/// The state of one row of one head, in nats.
struct State {
  float m = -kInfinity;
  float l = 0;
  std::vector<float> acc;
};

const float* at(const attest_tensor& tensor, std::int64_t b, std::int64_t token,
                std::int64_t head) {
  return static_cast<const float*>(tensor.data) + b * tensor.stride[0] + token * tensor.stride[1] +
         head * tensor.stride[2];
}

template <Way kWay>
bool visible(const attest_attend& call, std::int64_t b, std::int64_t row, std::int64_t key) {
  const std::int64_t q_len = call.cu_seqlens_q.host[b + 1] - call.cu_seqlens_q.host[b];
  const std::int64_t p = kWay == kTopLeft ? row : call.kv_len.host[b] - q_len + row;
  if (call.causal != 0 && key > p) return false;
  const std::int64_t reach = call.window_left - (kWay == kCountsSelf ? 1 : 0);
  return call.window_left < 0 || key >= p - reach;
}

/// Keys [first, last) of one row. `acc` is where the values are summed up: the workspace's own
/// numbers are added to what it holds.
template <Way kWay>
State attend_row(const attest_attend& call, std::int64_t b, std::int64_t row, std::int64_t head,
                 std::int64_t first, std::int64_t last, float* acc) {
  const std::int64_t out_row = call.cu_seqlens_q.host[b] + row;
  const std::int64_t kv_head = head / (call.num_q_heads / call.num_kv_heads);
  const float* q =
      static_cast<const float*>(call.q.data) + out_row * call.q.stride[0] + head * call.q.stride[1];
  State state;
  std::vector<float> scores;
  for (std::int64_t key = first; key < last; ++key) {
    float score = -kInfinity;
    if (visible<kWay>(call, b, row, key)) {
      const float* k = at(call.k, b, key, kv_head);
      float dot = 0;
      for (std::int32_t lane = 0; lane < call.head_dim_qk; ++lane) dot += q[lane] * k[lane];
      score = static_cast<float>(call.scale) * dot;
      state.m = std::max(state.m, score);
    }
    scores.push_back(score);
  }
  const auto add = [&](std::int64_t key, float weight) {
    const float* v = at(call.v, b, key, kv_head);
    for (std::int32_t lane = 0; lane < call.head_dim_v; ++lane) acc[lane] += weight * v[lane];
  };
  for (std::int64_t key = first; key < last; ++key) {
    const float score = scores[static_cast<std::size_t>(key - first)];
    if (score == -kInfinity && kWay != kMaskedFinite) continue;
    const float weight = score == -kInfinity ? 0.0f : std::exp(score - state.m);
    state.l += weight;
    add(key, weight);
  }
  if (kWay == kSlotsFinite || kWay == kSlotsZero) {
    for (std::int64_t slot = call.kv_len.host[b]; slot < call.k.shape[1]; ++slot)
      add(slot, kWay == kSlotsZero ? 1.0f : 0.0f);
  }
  state.acc.assign(acc, acc + call.head_dim_v);
  return state;
}

template <Way kWay>
float in_base(float lse) {
  return kWay == kBase2 ? static_cast<float>(lse / kLn2) : lse;
}

template <Way kWay>
float* lse_of(const attest_tensor& lse, std::int64_t total_q, std::int64_t num_q_heads,
              std::int64_t row, std::int64_t head) {
  auto* data = static_cast<float*>(lse.data);
  return kWay == kHeadRow ? data + head * total_q + row : data + row * num_q_heads + head;
}

float* o_of(const attest_tensor& o, std::int64_t row, std::int64_t head) {
  return static_cast<float*>(o.data) + row * o.stride[0] + head * o.stride[1];
}

attest_status plan(void*, const attest_attend* call, attest_plan_result* result, attest_report*) {
  result->workspace_bytes = static_cast<std::size_t>(call->total_q) *
                            static_cast<std::size_t>(call->num_q_heads) *
                            static_cast<std::size_t>(call->head_dim_v) * sizeof(float);
  return ATTEST_OK;
}

template <Way kWay>
attest_status attend(void*, const attest_attend* in, attest_report*) {
  const attest_attend& call = *in;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const std::int64_t begin = call.cu_seqlens_q.host[b];
    for (std::int64_t row = 0; row < call.cu_seqlens_q.host[b + 1] - begin; ++row) {
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        float* acc = static_cast<float*>(call.workspace) +
                     ((begin + row) * call.num_q_heads + head) * call.head_dim_v;
        if (kWay != kWorkspaceZeroed && kWay != kWorkspaceZeroedOnce)
          std::fill(acc, acc + call.head_dim_v, 0.0f);
        State state = attend_row<kWay>(call, b, row, head, 0, call.kv_len.host[b], acc);
        if (kWay == kWorkspaceZeroedOnce) std::fill(acc, acc + call.head_dim_v, 0.0f);
        const bool has_sink = call.sinks.data != nullptr;
        const float sink = has_sink ? static_cast<const float*>(call.sinks.data)[head] : -kInfinity;
        const float without = state.l == 0 ? -kInfinity : state.m + std::log(state.l);
        if (sink != -kInfinity) {
          const float m = std::max(state.m, sink);
          const float factor = state.l == 0 ? 0.0f : std::exp(state.m - m);
          state.l = state.l * factor + std::exp(sink - m);
          for (float& lane : state.acc) lane *= factor;
          state.m = m;
        }
        const bool empty = state.l == 0;
        float* o = o_of(call.o, begin + row, head);
        for (std::int32_t lane = 0; lane < call.head_dim_v; ++lane) {
          float value = empty ? 0.0f : state.acc[static_cast<std::size_t>(lane)] / state.l;
          if (empty && kWay == kSlotsZero) value = state.acc[static_cast<std::size_t>(lane)];
          if (empty && kWay == kEmptyNaN) value = std::numeric_limits<float>::quiet_NaN();
          if (kWay == kOutputZeroed) {
            o[lane] += value;
          } else {
            o[lane] = value;
          }
        }
        if (call.lse.data == nullptr) continue;
        const float with = empty ? -kInfinity : state.m + std::log(state.l);
        float lse = kWay == kSinkOut ? without : with;
        if (kWay == kEmptyPlusInf && lse == -kInfinity) lse = kInfinity;
        *lse_of<kWay>(call.lse, call.total_q, call.num_q_heads, begin + row, head) =
            in_base<kWay>(lse);
      }
    }
  }
  return ATTEST_OK;
}

// ---- States ------------------------------------------------------------------------------------

template <Way kWay>
void write_state(const State& state, const attest_state& out, std::int64_t total_q,
                 std::int64_t num_q_heads, std::int64_t row, std::int64_t head) {
  float* o = o_of(out.o, row, head);
  for (std::size_t lane = 0; lane < state.acc.size(); ++lane) {
    const bool divide = kWay != kStateAcc && state.l != 0;
    o[lane] = divide ? state.acc[lane] / state.l : state.acc[lane];
  }
  float* lse = lse_of<kWay>(out.lse, total_q, num_q_heads, row, head);
  if (kWay == kStateAcc || kWay == kStateNormalised) {
    *lse = state.m;
    if (out.l.data != nullptr) *lse_of<kWay>(out.l, total_q, num_q_heads, row, head) = state.l;
  } else {
    *lse = in_base<kWay>(state.l == 0 ? -kInfinity : state.m + std::log(state.l));
  }
}

template <Way kWay>
State read_state(const attest_state& in, const attest_merge& call, std::int64_t row,
                 std::int64_t head) {
  const float* o = o_of(in.o, row, head);
  State state;
  state.m = *lse_of<kWay>(in.lse, call.total_q, call.num_q_heads, row, head);
  state.l = 1;
  state.acc.assign(o, o + call.head_dim_v);
  if (kWay == kStateAcc || kWay == kStateNormalised) {
    if (in.l.data != nullptr)
      state.l = *lse_of<kWay>(in.l, call.total_q, call.num_q_heads, row, head);
    if (kWay == kStateNormalised) {
      for (float& lane : state.acc) lane *= state.l;
    }
  } else if (kWay == kBase2) {
    state.m = static_cast<float>(state.m * kLn2);
  }
  return state;
}

template <Way kWay>
attest_status attend_partial(void*, const attest_attend_partial* in, attest_report*) {
  const attest_attend& call = in->call;
  std::vector<float> acc(static_cast<std::size_t>(call.head_dim_v));
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const std::int64_t begin = call.cu_seqlens_q.host[b];
    for (std::int64_t row = 0; row < call.cu_seqlens_q.host[b + 1] - begin; ++row) {
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        std::fill(acc.begin(), acc.end(), 0.0f);
        const State state = attend_row<kWay>(call, b, row, head, in->kv_begin.host[b],
                                             in->kv_end.host[b], acc.data());
        write_state<kWay>(state, in->out, call.total_q, call.num_q_heads, begin + row, head);
      }
    }
  }
  return ATTEST_OK;
}

template <Way kWay>
attest_status merge(void*, const attest_merge* call, attest_report*) {
  for (std::int64_t row = 0; row < call->total_q; ++row) {
    for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
      State merged;
      merged.acc.assign(static_cast<std::size_t>(call->head_dim_v), 0.0f);
      std::vector<State> states;
      for (std::int32_t s = 0; s < call->num_states; ++s) {
        states.push_back(read_state<kWay>(call->states[s], *call, row, head));
        merged.m = std::max(merged.m, states.back().m);
      }
      for (const State& state : states) {
        if (state.m == -kInfinity) continue;
        const float weight = std::exp(state.m - merged.m);
        merged.l += weight * state.l;
        for (std::size_t lane = 0; lane < merged.acc.size(); ++lane)
          merged.acc[lane] += weight * state.acc[lane];
      }
      write_state<kWay>(merged, call->out, call->total_q, call->num_q_heads, row, head);
    }
  }
  return ATTEST_OK;
}

// ---- Declarations ------------------------------------------------------------------------------

template <Way kWay>
constexpr attest_kernel kernel(const char* name, Way declared) {
  attest_kernel kernel{};
  kernel.struct_size = sizeof(attest_kernel);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE;
  kernel.promises = ATTEST_PROMISE_RUN_TO_RUN;
  kernel.name = name;
  kernel.description = "does one thing and may declare another";
  attest_capabilities& capabilities = kernel.capabilities;
  capabilities.struct_size = sizeof(attest_capabilities);
  capabilities.device = ATTEST_CPU;
  capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32);
  capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PADDED);
  capabilities.features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL |
                          ATTEST_FEATURE_WINDOW_LEFT | ATTEST_FEATURE_SINK | ATTEST_FEATURE_LSE |
                          ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q |
                          ATTEST_FEATURE_Q_LONGER | ATTEST_FEATURE_RAGGED |
                          ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_MERGE_MANY;
  kernel.conventions = conventions_of(declared);
  kernel.numerics.struct_size = sizeof(attest_numerics);
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.plan = &plan;
  kernel.attend = &attend<kWay>;
  kernel.attend_partial = &attend_partial<kWay>;
  kernel.merge = &merge<kWay>;
  return kernel;
}

constexpr attest_kernel kKernels[] = {
    kernel<kPlain>("plain/honest", kPlain),
    kernel<kTopLeft>("top_left/honest", kTopLeft),
    kernel<kTopLeft>("top_left/undeclared", kPlain),
    kernel<kPlain>("top_left/overdeclared", kTopLeft),
    kernel<kCountsSelf>("counts_self/honest", kCountsSelf),
    kernel<kCountsSelf>("counts_self/undeclared", kPlain),
    kernel<kPlain>("counts_self/overdeclared", kCountsSelf),
    kernel<kBase2>("base_2/honest", kBase2),
    kernel<kBase2>("base_2/undeclared", kPlain),
    kernel<kPlain>("base_2/overdeclared", kBase2),
    kernel<kHeadRow>("head_row/honest", kHeadRow),
    kernel<kHeadRow>("head_row/undeclared", kPlain),
    kernel<kPlain>("head_row/overdeclared", kHeadRow),
    kernel<kEmptyNaN>("empty_nan/honest", kEmptyNaN),
    kernel<kEmptyNaN>("empty_nan/undeclared", kPlain),
    kernel<kPlain>("empty_nan/overdeclared", kEmptyNaN),
    kernel<kEmptyPlusInf>("empty_plus_inf/honest", kEmptyPlusInf),
    kernel<kEmptyPlusInf>("empty_plus_inf/undeclared", kPlain),
    kernel<kPlain>("empty_plus_inf/overdeclared", kEmptyPlusInf),
    kernel<kSinkOut>("sink_out/honest", kSinkOut),
    kernel<kSinkOut>("sink_out/undeclared", kPlain),
    kernel<kPlain>("sink_out/overdeclared", kSinkOut),
    kernel<kStateAcc>("state_acc/honest", kStateAcc),
    kernel<kStateAcc>("state_acc/undeclared", kPlain),
    kernel<kPlain>("state_acc/overdeclared", kStateAcc),
    kernel<kStateAcc>("state_acc/as_normalised", kStateNormalised),
    kernel<kStateNormalised>("state_normalised/honest", kStateNormalised),
    kernel<kStateNormalised>("state_normalised/undeclared", kPlain),
    kernel<kPlain>("state_normalised/overdeclared", kStateNormalised),
    kernel<kStateNormalised>("state_normalised/as_acc", kStateAcc),
    // Who asks for less than was promised to be there is served: these lie in one direction only.
    kernel<kSlotsFinite>("slots_finite/honest", kSlotsFinite),
    kernel<kSlotsFinite>("slots_finite/undeclared", kPlain),
    kernel<kSlotsZero>("slots_zero/honest", kSlotsZero),
    kernel<kSlotsZero>("slots_zero/undeclared", kPlain),
    kernel<kSlotsZero>("slots_zero/as_finite", kSlotsFinite),
    kernel<kMaskedFinite>("masked_finite/honest", kMaskedFinite),
    kernel<kMaskedFinite>("masked_finite/undeclared", kPlain),
    kernel<kOutputZeroed>("output_zeroed/honest", kOutputZeroed),
    kernel<kOutputZeroed>("output_zeroed/undeclared", kPlain),
    kernel<kWorkspaceZeroed>("workspace_zeroed/honest", kWorkspaceZeroed),
    kernel<kWorkspaceZeroed>("workspace_zeroed/undeclared", kPlain),
    kernel<kWorkspaceZeroed>("workspace_zeroed/as_once", kWorkspaceZeroedOnce),
    kernel<kWorkspaceZeroedOnce>("workspace_once/honest", kWorkspaceZeroedOnce),
    kernel<kWorkspaceZeroedOnce>("workspace_once/undeclared", kPlain),
};

}  // namespace

extern "C" const attest_kernel* attest_kernels(std::uint32_t abi_version, std::size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return nullptr;
  *count = std::size(kKernels);
  return kKernels;
}
