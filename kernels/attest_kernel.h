/* clang-format off */ /* columns are aligned by hand */
/* The contract between attest and an attention kernel. Plain C, no dependency.
 *
 * A shared library that exports attest_kernels() is a kernel plug-in:   attest fuzz --kernel ./libmine.so
 * The simplest kernel fills in a name, its capabilities, its numerics and one `attend` function.
 *
 * Every struct starts with its own size, so it can grow: attest sets struct_size in what it passes, a kernel sets
 * it in what it declares; members beyond the size given are absent (zero).
 * All functions return ATTEST_OK or another attest_status; on anything else they may leave a message
 * in their attest_report. Kernels run in a process of their own: a crash or a hang costs one case.
 */
#ifndef ATTEST_KERNEL_H_
#define ATTEST_KERNEL_H_

/* NOLINTBEGIN(modernize-deprecated-headers,modernize-use-using): C */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATTEST_ABI_VERSION 1u

/* ---- Tensors ----------------------------------------------------------------------------------------------- */

/* Element types. Values never change. */
enum {
  ATTEST_F64 = 0,
  ATTEST_F32 = 1,
  ATTEST_F16 = 2,
  ATTEST_BF16 = 3,
  ATTEST_E4M3 = 4, /* "fn": no infinity */
  ATTEST_E5M2 = 5,
  ATTEST_I32 = 16,
  ATTEST_I64 = 17,
  ATTEST_U8 = 18
};
#define ATTEST_DTYPE_BIT(dtype) (1u << (dtype))

enum { ATTEST_CPU = 0, ATTEST_CUDA = 1 };

#define ATTEST_MAX_RANK 6

/* A strided view. Absent tensors have data == NULL. */
typedef struct attest_tensor {
  void* data;      /* first element */
  int32_t dtype;   /* ATTEST_F64 ... */
  int32_t device;  /* ATTEST_CPU or ATTEST_CUDA */
  int32_t rank;    /* used entries of shape and stride */
  int32_t reserved;
  int64_t shape[ATTEST_MAX_RANK];
  int64_t stride[ATTEST_MAX_RANK]; /* in elements; 0 repeats */
} attest_tensor;

/* Small integer arrays a host needs for planning and a device for running: the same numbers twice.
 * For CPU kernels both pointers are equal. */
typedef struct attest_ints {
  const int32_t* host;
  const int32_t* device;
  int64_t count; /* 0: absent, pointers NULL */
} attest_ints;

/* ---- Status ------------------------------------------------------------------------------------------------ */

typedef int32_t attest_status;
enum {
  ATTEST_OK = 0,
  ATTEST_REFUSED = 1, /* the call is outside what the kernel supports */
  ATTEST_FAILED = 2   /* anything else */
};

/* Where a kernel leaves a message and says which code path ran. Both are zero-terminated, truncated to fit. */
typedef struct attest_report {
  uint32_t struct_size;
  char message[256];
  char path[64];
} attest_report;

/* ---- The call ---------------------------------------------------------------------------------------------- */

/* Layouts of keys and values. Values never change. Kernels of the paged layouts find pages through the block table.
 * Shapes of k and v are in the order given; strides say where the elements lie and are packed unless the kernel
 * declares ATTEST_FEATURE_STRIDES, except that
 *   - interleaved: k and v are the two halves of each page of one buffer, so their page stride is that of the pair;
 *   - V is a prefix of K (ATTEST_FEATURE_V_IS_K_PREFIX, always so in MLA_LATENT): v.data == k.data and v has the
 *     strides of k. Not in the interleaved and x-split layouts.
 * x = 16 bytes / size of an element; head_dim_qk is a multiple of it. */
enum {
  ATTEST_LAYOUT_CONTIGUOUS = 0,        /* k, v [total_kv, num_kv_heads, head_dim]; sequence b starts at cu_seqlens_k[b] */
  ATTEST_LAYOUT_PADDED = 1,            /* k, v [batch, max(max_kv_len, 1), num_kv_heads, head_dim] */
  ATTEST_LAYOUT_PAGED_NHD = 2,         /* k, v [num_pages, page_size, num_kv_heads, head_dim] */
  ATTEST_LAYOUT_PAGED_HND = 3,         /* k, v [num_pages, num_kv_heads, page_size, head_dim] */
  ATTEST_LAYOUT_PAGED_INTERLEAVED = 4, /* k = kv[:, 0], v = kv[:, 1] of [num_pages, 2, page_size, num_kv_heads, head_dim]:
                                          both of rank 4; head_dim_v == head_dim_qk */
  ATTEST_LAYOUT_PAGED_X_SPLIT = 5,     /* k [num_pages, num_kv_heads, head_dim / x, page_size, x]: lane d of a token is
                                          [.., d / x, token, d % x]; v [num_pages, num_kv_heads, head_dim, page_size] */
  ATTEST_LAYOUT_MLA_LATENT = 6         /* k [num_pages, page_size, 1, head_dim_qk], v the first head_dim_v lanes of it,
                                          [num_pages, page_size, 1, head_dim_v] */
};
#define ATTEST_LAYOUT_BIT(layout) (1u << (layout))

/* One attention call over a ragged batch. Row r of sequence b is row cu_seqlens_q[b] + r of q, o and lse. */
typedef struct attest_attend {
  uint32_t struct_size;
  int32_t layout; /* ATTEST_LAYOUT_... */

  int32_t batch;
  int32_t num_q_heads;
  int32_t num_kv_heads; /* query head h reads KV head h / (num_q_heads / num_kv_heads) */
  int32_t head_dim_qk;
  int32_t head_dim_v;
  int32_t max_q_len;
  int32_t max_kv_len;
  int32_t causal; /* 0 or 1 */
  int64_t total_q;

  attest_ints cu_seqlens_q; /* [batch + 1] */
  attest_ints kv_len;       /* [batch] cached tokens, those of this chunk included */
  attest_ints start_pos;    /* [batch] absolute position of the first query row */
  attest_ints cu_seqlens_k; /* [batch + 1], contiguous layout only; first token of each sequence in k and v */

  attest_tensor q;   /* [total_q, num_q_heads, head_dim_qk] */
  attest_tensor k;   /* see the layout */
  attest_tensor v;
  attest_tensor o;   /* [total_q, num_q_heads, head_dim_v], written */
  attest_tensor lse; /* [total_q, num_q_heads], accumulation type, written; absent if not asked for */

  /* Paged layouts. A kernel gets the table in one form: CSR when it declares ATTEST_FEATURE_TABLE_CSR, else rows.
   * page * stride[0] may pass 2^31 and 2^32. */
  int32_t page_size;
  int32_t max_blocks;        /* columns of block_table; 0 with CSR */
  int64_t num_pages;
  attest_ints block_table;   /* [batch, max_blocks] page ids; entries past the used prefix hold anything */
  attest_ints block_indptr;  /* CSR form, [batch + 1]: pages of sequence b are block_indices[indptr[b] .. indptr[b + 1]) */
  attest_ints block_indices; /* CSR form, page ids; entries past block_indptr[batch] hold anything */
  attest_ints last_page_len; /* CSR form, [batch] tokens in the last page: 1 to page_size, 0 without a page */

  /* Mask. A key is visible if all that are set allow it. p = start_pos + row. */
  int64_t window_left;      /* visible when key >= p - window_left;  -1: unbounded */
  int64_t window_right;     /* visible when key <= p + window_right; -1: unbounded */
  int64_t attention_chunk;  /* visible when key / chunk == p / chunk; 0: off */
  attest_ints tree_indptr;  /* [batch + 1] into tree_parent; the last tokens of a sequence form its tree */
  attest_ints tree_parent;  /* index inside the tree, -1 for a root */
  attest_tensor custom_mask; /* u8, per sequence [q_len, kv_len] one after the other, 1 = visible */
  attest_ints custom_mask_indptr; /* [batch + 1] first element of each sequence's mask */

  /* Score modifiers, in this order: scale, softcap, ALiBi, bias. Absent tensors and 0 are off. */
  double scale;
  double softcap;             /* t = softcap * tanh(t / softcap) */
  attest_tensor alibi_slopes; /* f32 [num_q_heads]; t -= slope * |p - key| */
  attest_tensor bias;         /* f32, per sequence [num_q_heads or 1, q_len, kv_len] one after the other */
  attest_ints bias_indptr;    /* [batch + 1] first element of each sequence's bias */
  attest_tensor sinks;        /* f32 [num_q_heads]; one extra logit without a value */

  /* Scales of quantised tensors: value = scale * decode(element). Shapes [1], [heads] or [batch, heads]; f32; heads are
   * query heads for q, else KV heads. They may come with tensors of any declared type. For a V that is a prefix of K
   * v_scale holds the numbers of k_scale. o_scale belongs to the whole: absent in partial calls. */
  attest_tensor q_scale;
  attest_tensor k_scale;
  attest_tensor v_scale;
  attest_tensor o_scale; /* [1]; o holds encode(value / o_scale) */

  /* Execution. */
  int32_t num_splits;      /* parts of the keys to work on separately; 0: the kernel chooses */
  int32_t reserved;
  void* stream;            /* cudaStream_t, NULL on the CPU */
  void* workspace;         /* as plan() asked for */
  size_t workspace_bytes;
} attest_attend;

/* How a partial state travels. o and lse have the shapes of attest_attend. */
enum {
  ATTEST_STATE_O_LSE = 0,     /* o normalised over the part, lse in the base of the conventions; (0, -inf) is empty */
  ATTEST_STATE_M_L_ACC = 1,   /* running maximum m, sum l, unnormalised accumulator; (-inf, 0, 0) is empty */
  ATTEST_STATE_M_L_O = 2      /* m, l, normalised o */
};

/* m is in the base of lse. In the formats with l, o or acc has the accumulation type, too. */
typedef struct attest_state {
  attest_tensor o;   /* [total_q, num_q_heads, head_dim_v]: o, or acc */
  attest_tensor lse; /* [total_q, num_q_heads]: lse, or m */
  attest_tensor l;   /* [total_q, num_q_heads], formats with l only */
} attest_state;

/* Attention over keys [kv_begin[b], kv_end[b]) of each sequence: a state. `call.o`, `call.lse` and `call.sinks` are
 * absent: a sink belongs to the whole and is added where the states are merged for good. */
typedef struct attest_attend_partial {
  uint32_t struct_size;
  int32_t reserved;
  attest_attend call;
  attest_ints kv_begin; /* [batch] */
  attest_ints kv_end;   /* [batch] */
  attest_state out;     /* written */
} attest_attend_partial;

/* Merges states over disjoint key sets. */
typedef struct attest_merge {
  uint32_t struct_size;
  int32_t num_states;         /* >= 1 */
  int64_t total_q;
  int32_t num_q_heads;
  int32_t head_dim_v;
  const attest_state* states; /* [num_states] */
  attest_state out;           /* written; may be states[0] itself when the kernel declares ATTEST_FEATURE_MERGE_IN_PLACE */
  void* stream;
  void* workspace;
  size_t workspace_bytes;
} attest_merge;

/* Writes new keys and values into the cache. Token t goes to slot_mapping[t] = page * page_size + offset
 * (contiguous: the token index; padded: sequence * room + offset); a negative slot skips the token. k_new and v_new have
 * the type of q, the cache has its own. Where V is a prefix of K, v and v_new are views of k and k_new. */
typedef struct attest_append {
  uint32_t struct_size;
  int32_t layout;
  int32_t num_kv_heads;
  int32_t head_dim_qk;
  int32_t head_dim_v;
  int32_t page_size;
  int64_t num_pages;
  int64_t num_tokens;
  attest_tensor k_new; /* [num_tokens, num_kv_heads, head_dim_qk] */
  attest_tensor v_new; /* [num_tokens, num_kv_heads, head_dim_v] */
  attest_tensor slot_mapping; /* i64 [num_tokens] */
  attest_tensor k;     /* the cache, written */
  attest_tensor v;
  attest_tensor k_scale; /* quantised caches store encode(x / scale); [1] or [num_kv_heads] */
  attest_tensor v_scale;
  void* stream;
} attest_append;

/* append and attend in one call (the shape of flash_attn_with_kvcache). `call.kv_len` are the lengths before the
 * append; the new tokens follow them and their queries are the rows of q. Everything else in `call` is that of the
 * lengths after it: room in the cache, block table, start_pos, max_kv_len, masks, bias. plan() gets `call`.
 * With tables, new token i of a sequence turns q and k by its position p = kv_len + i, before k is stored:
 * pair (x, y) becomes (x cos - y sin, x sin + y cos) with cos = rotary_cos[p, pair]. Lanes past rotary_dim stay. */
typedef struct attest_append_attend {
  uint32_t struct_size;
  int32_t rotary_interleaved; /* pairs (2i, 2i+1); 0: (i, i + rotary_dim / 2) */
  attest_attend call;
  attest_tensor k_new;      /* [total_q, num_kv_heads, head_dim_qk], type of q */
  attest_tensor v_new;      /* [total_q, num_kv_heads, head_dim_v], type of q */
  attest_tensor rotary_cos; /* f32 [max_position, rotary_dim / 2] or absent */
  attest_tensor rotary_sin;
} attest_append_attend;

/* What plan() answers. */
typedef struct attest_plan_result {
  uint32_t struct_size;
  int32_t num_splits; /* what it chose, for reports; 0: does not apply. attend gets the call as plan did */
  size_t workspace_bytes;
  size_t workspace_alignment; /* 0: 16 */
} attest_plan_result;

/* ---- Declarations ------------------------------------------------------------------------------------------ */

/* A set of integers: the listed ones if count > 0, else the multiples of `multiple` from min to max.
 * All zero: every value. */
#define ATTEST_SET_CAPACITY 32
typedef struct attest_set {
  int64_t min;
  int64_t max;      /* 0: no upper limit */
  int64_t multiple; /* 0: 1 */
  int32_t count;
  int32_t reserved;
  int64_t list[ATTEST_SET_CAPACITY];
} attest_set;

/* Features a call may use. A bit that is not set means: never called that way. */
#define ATTEST_FEATURE_NON_CAUSAL      (1ull << 0)
#define ATTEST_FEATURE_CAUSAL          (1ull << 1)
#define ATTEST_FEATURE_START_POS       (1ull << 2)  /* start_pos other than kv_len - q_len */
#define ATTEST_FEATURE_WINDOW_LEFT     (1ull << 3)
#define ATTEST_FEATURE_WINDOW_RIGHT    (1ull << 4)
#define ATTEST_FEATURE_ATTENTION_CHUNK (1ull << 5)
#define ATTEST_FEATURE_TREE            (1ull << 6)
#define ATTEST_FEATURE_CUSTOM_MASK     (1ull << 7)
#define ATTEST_FEATURE_SOFTCAP         (1ull << 8)
#define ATTEST_FEATURE_ALIBI           (1ull << 9)
#define ATTEST_FEATURE_BIAS            (1ull << 10)
#define ATTEST_FEATURE_SINK            (1ull << 11)
#define ATTEST_FEATURE_SCALES          (1ull << 12)
#define ATTEST_FEATURE_LSE             (1ull << 13) /* returns lse from attend */
#define ATTEST_FEATURE_EMPTY_KV        (1ull << 14) /* kv_len == 0 in the batch */
#define ATTEST_FEATURE_EMPTY_Q         (1ull << 15) /* q_len == 0 in the batch */
#define ATTEST_FEATURE_Q_LONGER        (1ull << 16) /* q_len > kv_len > 0 */
#define ATTEST_FEATURE_RAGGED          (1ull << 17) /* sequences of different q_len, those of 0 aside */
#define ATTEST_FEATURE_HEAD_DIM_V      (1ull << 18) /* head_dim_v != head_dim_qk */
#define ATTEST_FEATURE_V_IS_K_PREFIX   (1ull << 19)
#define ATTEST_FEATURE_NUM_SPLITS      (1ull << 20) /* honours num_splits */
#define ATTEST_FEATURE_STRIDES         (1ull << 21) /* strides other than packed, of q, k, v, o, lse and states: gaps
                                                       after lanes, heads, tokens, pages; head stride 0 of q, k, v */
#define ATTEST_FEATURE_TABLE_CSR       (1ull << 22) /* gets block_indptr, block_indices, last_page_len, no block_table */
#define ATTEST_FEATURE_MERGE_IN_PLACE  (1ull << 23)
#define ATTEST_FEATURE_MERGE_MANY      (1ull << 24) /* num_states other than 2 */
#define ATTEST_FEATURE_GRAPH           (1ull << 25) /* run() can be captured in a CUDA graph */
#define ATTEST_FEATURE_ROTARY_HALVES   (1ull << 26) /* append_attend turns pairs (i, i + rotary_dim / 2) */
#define ATTEST_FEATURE_ROTARY_INTERLEAVED (1ull << 27) /* append_attend turns pairs (2i, 2i + 1) */

typedef struct attest_capabilities {
  uint32_t struct_size;
  int32_t device;
  uint32_t q_dtypes;  /* ATTEST_DTYPE_BIT mask */
  uint32_t kv_dtypes; /* 0: the type of q */
  uint32_t o_dtypes;  /* 0: the type of q */
  uint32_t layouts;   /* ATTEST_LAYOUT_BIT mask */
  uint64_t features;
  attest_set head_dim_qk;
  attest_set head_dim_v;   /* used with ATTEST_FEATURE_HEAD_DIM_V */
  attest_set page_size;
  attest_set num_kv_heads;
  attest_set group;        /* num_q_heads / num_kv_heads */
  attest_set q_len;        /* 0 is governed by ATTEST_FEATURE_EMPTY_Q */
  attest_set kv_len;       /* 0 is governed by ATTEST_FEATURE_EMPTY_KV */
  attest_set batch;
  int32_t base_alignment;   /* of tensors, bytes; 0: the element's own */
  int32_t stride_alignment; /* of strides of q, k, v and o other than 0 and 1, elements; 0: 1 */
} attest_capabilities;

enum { ATTEST_CAUSAL_BOTTOM_RIGHT = 0, ATTEST_CAUSAL_TOP_LEFT = 1 };
enum { ATTEST_WINDOW_EXCLUDES_SELF = 0, ATTEST_WINDOW_COUNTS_SELF = 1 };
enum { ATTEST_LSE_BASE_E = 0, ATTEST_LSE_BASE_2 = 1 };
enum { ATTEST_LSE_ROW_HEAD = 0, ATTEST_LSE_HEAD_ROW = 1 }; /* memory order of lse; strides say it too */
enum { ATTEST_EMPTY_O_ZERO = 0, ATTEST_EMPTY_O_NAN = 1 };
enum { ATTEST_EMPTY_LSE_MINUS_INF = 0, ATTEST_EMPTY_LSE_PLUS_INF = 1 };
enum { ATTEST_SLOTS_ANYTHING = 0, ATTEST_SLOTS_FINITE = 1, ATTEST_SLOTS_ZERO = 2 };
enum { ATTEST_OUTPUT_ANYTHING = 0, ATTEST_OUTPUT_ZEROED = 1 };
enum { ATTEST_WORKSPACE_ANYTHING = 0, ATTEST_WORKSPACE_ZEROED = 1, ATTEST_WORKSPACE_ZEROED_ONCE = 2 };

/* How the kernel reads and writes where implementations differ. All zero is attest's own meaning. attest passes
 * arguments and reads results in the declared convention, and tests that the declaration is true. */
typedef struct attest_conventions {
  uint32_t struct_size;
  int32_t causal_alignment; /* top-left: start_pos is taken as 0 */
  int32_t window_counts_self; /* 1: window_left is passed as tokens including the query's own */
  int32_t lse_base;
  int32_t lse_layout;
  int32_t empty_o;
  int32_t empty_lse;
  int32_t sink_not_in_lse; /* 1: lse leaves the sink out */
  int32_t unused_slots;    /* what slots without a token may hold; finite: may be weighed with 0, not enter the maximum */
  int32_t output_before;   /* whether the caller must zero outputs */
  int32_t workspace_before;
  int32_t state_format;    /* ATTEST_STATE_... of attend_partial and merge */
  int32_t masked_tokens;   /* what cached tokens that no query may see may hold: ATTEST_SLOTS_ANYTHING or _FINITE
                              (many kernels multiply their values by a probability of 0) */
} attest_conventions;

enum { ATTEST_ACCUMULATE_NEAREST = 0, ATTEST_ACCUMULATE_TRUNCATE = 1, ATTEST_ACCUMULATE_ALIGNED = 2 };
enum { ATTEST_SUM_UNKNOWN = 0, ATTEST_SUM_UNROUNDED = 1, ATTEST_SUM_ROUNDED = 2 };
#define ATTEST_P_LIKE_Q (-1) /* p_dtype_plus_1: whatever type q has */

/* The arithmetic of the kernel; error bounds follow from it. Zero means attest's default for the accumulation type:
 * any order of summation, exp within 5 u + 3 u |x|, tanh within 4 u, no merges, everything in the accumulation type;
 * with a preset, zero means what the preset says. u is the unit roundoff of `accumulate`. */
typedef struct attest_numerics {
  uint32_t struct_size;
  int32_t accumulate;      /* ATTEST_F64, ATTEST_F32, ...: sums, scores, exponentials; no default without a preset */
  int32_t accumulator;     /* ATTEST_ACCUMULATE_...: TRUNCATE is every operation, ALIGNED matrix units only */
  int32_t q_prescaled;     /* 1: q * scale is rounded to the type of q first */
  int32_t p_dtype_plus_1;  /* type P is rounded to before P V. 0: the accumulation type, ATTEST_P_LIKE_Q, else dtype + 1 */
  int32_t merge_levels;    /* depth of merges of normalised partial states inside attend */
  double exp_ulp;          /* u at argument 0 */
  double exp_arg_ulp;      /* u per unit of |argument| */
  double tanh_ulp;         /* u, absolute: |tanh| <= 1 */
  double lazy_rescale;     /* nats by which the running shift may lag behind the maximum */

  /* Matrix products, q.k and P V. */
  int32_t product_bits;    /* significand bits their accumulator keeps; 0: as `accumulate`. 11: f16, its range too */
  int32_t mma_depth;       /* ATTEST_ACCUMULATE_ALIGNED: products added at once; 0: unknown */
  int32_t mma_extra_bits;  /* ... and bits kept below the last place while they are */

  /* Scores and probabilities. */
  int32_t score_dtype_plus_1; /* scores are stored in this type. 0: the accumulation type, else dtype + 1 */
  int32_t weight_sum;      /* ATTEST_SUM_...: whether l adds P as it was or as rounded */
  int32_t p_unnormalised;  /* 1: what is rounded is e^(t - shift), not e^(t - shift) / l */
  int32_t p_scale_log2;    /* p_unnormalised: times 2^this before it is rounded */

  /* Order of sums. 0: any. */
  int32_t dot_lanes;       /* a dot product is made of this many partial sums, joined by a tree */
  int32_t value_lanes;     /* so is each output */
  int32_t weight_lanes;    /* so is l */
  int32_t tile;            /* the running shift moves at most once per this many keys */
  int32_t ordered_block;   /* outputs add keys in blocks of this many, block after block up or down the keys. 1: in order */

  /* Partial states. */
  int32_t max_splits;      /* parts the keys of a row are cut into at most; 0: unknown */
  int32_t part_dtype_plus_1; /* type their outputs are stored in. 0: the accumulation type, else dtype + 1 */
  int32_t merge_normalises; /* 1: merges divide by the sum of their weights; 0: weights may be exp(lse_s - lse) */

  int32_t keeps_subnormals; /* 1: nothing is flushed to zero */
  const char* preset;      /* NULL, or "flash2", ...: fields that are 0 are taken from it (docs/declaring-numerics.md) */
  int64_t reserved[8];     /* 0; later facts go here, so that attest_kernel keeps its shape */
} attest_numerics;

/* Promises are tested where made, and only there. */
#define ATTEST_PROMISE_RUN_TO_RUN      (1u << 0) /* same call, same bits */
#define ATTEST_PROMISE_BATCH_INVARIANT (1u << 1) /* a sequence's bits do not depend on its neighbours */
#define ATTEST_PROMISE_SPLIT_INVARIANT (1u << 2) /* bits do not depend on num_splits */
#define ATTEST_PROMISE_VALIDATES       (1u << 3) /* calls outside the capabilities are refused with a message */
#define ATTEST_PROMISE_REPORTS_PATH    (1u << 4)
/* After plan(), attend serves calls in which sequences have fewer cached tokens than planned, with other tables and
 * contents: plan once, run many. Everything else is as planned. */
#define ATTEST_PROMISE_PLAN_REUSED     (1u << 5)

#define ATTEST_OP_ATTEND         (1u << 0)
#define ATTEST_OP_ATTEND_PARTIAL (1u << 1)
#define ATTEST_OP_MERGE          (1u << 2)
#define ATTEST_OP_APPEND         (1u << 3)
#define ATTEST_OP_APPEND_ATTEND  (1u << 4)

/* One kernel. Pointers may be NULL where marked optional; the strings and structs live as long as the library. */
typedef struct attest_kernel {
  uint32_t struct_size;
  uint32_t operations;     /* ATTEST_OP_ mask: which of the function pointers below are there */
  uint32_t promises;       /* ATTEST_PROMISE_ mask */
  uint32_t reserved;
  const char* name;        /* [a-z0-9_./-]{1,100} */
  const char* description; /* one line */
  attest_capabilities capabilities;
  attest_conventions conventions; /* may be left all zero, struct_size too */
  attest_numerics numerics;

  /* Life cycle, all optional. `self` is what create stored, NULL without create. */
  attest_status (*create)(void** self, attest_report* report);
  void (*destroy)(void* self);
  attest_status (*plan)(void* self, const attest_attend* call, attest_plan_result* result, attest_report* report);
  /* Narrows the capabilities where they are not a product of sets: 1 = supported. Then this is the declaration. */
  int32_t (*supports)(const attest_attend* call);

  attest_status (*attend)(void* self, const attest_attend* call, attest_report* report);
  attest_status (*attend_partial)(void* self, const attest_attend_partial* call, attest_report* report);
  attest_status (*merge)(void* self, const attest_merge* call, attest_report* report);
  attest_status (*append)(void* self, const attest_append* call, attest_report* report);
  attest_status (*append_attend)(void* self, const attest_append_attend* call, attest_report* report);
} attest_kernel;

/* The one symbol a plug-in exports. Returns its kernels and their number, or NULL when it was built for another
 * ABI than `abi_version`. */
#if defined(_WIN32)
#define ATTEST_EXPORT __declspec(dllexport)
#else
#define ATTEST_EXPORT __attribute__((visibility("default")))
#endif
typedef const attest_kernel* (*attest_kernels_fn)(uint32_t abi_version, size_t* count);
ATTEST_EXPORT const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count);

/* For a plug-in with a bug planted on purpose, optional: defined in it (`int32_t* attest_defect_mark;`) and exported, set
 * by attest before each call. Where the bug takes effect, *attest_defect_mark = 1; `attest mutants` counts no failure
 * found while that did not happen. */
extern ATTEST_EXPORT int32_t* attest_defect_mark;

#ifdef __cplusplus
} /* extern "C" */
#endif

/* NOLINTEND(modernize-deprecated-headers,modernize-use-using) */

#endif /* ATTEST_KERNEL_H_ */
