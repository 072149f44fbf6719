#include "bench/gpu/device_call.h"

#include <bit>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "bench/gpu/cuda_error.h"
#include "bench/gpu/device_work.h"
#include "bench/random.h"
#include "kernels/launch.h"
#include "problem/errors.h"

namespace attest::bench {
namespace {

constexpr int kStates = 8;
constexpr int kDecodes = 16;

bool has_layout(const attest_kernel& kernel, int layout) {
  return (kernel.capabilities.layouts & ATTEST_LAYOUT_BIT(layout)) != 0;
}

/// The first type of a mask.
std::int32_t type_of(std::uint32_t mask) { return std::countr_zero(mask); }

void accept(const char* what, const attest_kernel& kernel, attest_status status,
            const attest_report& report) {
  if (status == ATTEST_OK) return;
  throw ContractError(fmt::format("{}: {}: {}", kernel.name, what, report.message));
}

attest_report empty_report() {
  attest_report report{};
  report.struct_size = sizeof(report);
  return report;
}

/// 0 to count - 1 in an order that no prefetcher knows.
std::vector<std::int32_t> shuffled(int count) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  Random random(1);
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[(random() >> 1) % i]);
  return ids;
}

}  // namespace

struct DeviceCall::Memory {
  Memory(cudaStream_t s, std::int32_t of_device) : stream(s), device(of_device) {}
  ~Memory() {
    for (void* data : buffers) cudaFree(data);
  }

  void* allocate(std::size_t bytes) {
    void* data = nullptr;
    require("cudaMalloc", cudaMalloc(&data, bytes == 0 ? 1 : bytes));
    buffers.push_back(data);
    return data;
  }

  attest_tensor tensor(std::int32_t dtype, std::span<const std::int64_t> shape) {
    attest_tensor tensor{};
    tensor.dtype = dtype;
    tensor.device = device;
    tensor.rank = static_cast<std::int32_t>(shape.size());
    std::int64_t elements = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      tensor.shape[axis] = shape[axis];
      tensor.stride[axis] = elements;
      elements *= shape[axis];
    }
    const auto count = static_cast<std::size_t>(elements);
    tensor.data = allocate(count * kernels::element_size(dtype));
    if (dtype < ATTEST_I32) fill_noise(tensor.data, count, dtype, ++seed, stream);
    return tensor;
  }
  attest_tensor tensor(std::int32_t dtype, std::initializer_list<std::int64_t> shape) {
    return tensor(dtype, std::span(shape.begin(), shape.size()));
  }

  attest_ints ints(std::vector<std::int32_t> values) {
    auto& kept = host.emplace_back(std::make_unique<std::vector<std::int32_t>>(std::move(values)));
    const std::size_t bytes = kept->size() * sizeof(std::int32_t);
    void* copy = allocate(bytes);
    require("cudaMemcpy", cudaMemcpy(copy, kept->data(), bytes, cudaMemcpyHostToDevice));
    return {kept->data(), static_cast<const std::int32_t*>(copy),
            static_cast<std::int64_t>(kept->size())};
  }

  /// Keys and values in the layout. V is a prefix of K in the latent one.
  std::pair<attest_tensor, attest_tensor> cache(const Sizes& sizes, std::int32_t dtype,
                                                std::int64_t pages) {
    const std::int64_t heads = sizes.num_kv_heads;
    const std::int64_t qk = sizes.head_dim_qk, v = sizes.head_dim_v, page = sizes.page_size;
    switch (sizes.layout) {
      case ATTEST_LAYOUT_CONTIGUOUS: {
        const std::int64_t tokens = std::int64_t{sizes.batch} * sizes.kv_len;
        return {tensor(dtype, {tokens, heads, qk}), tensor(dtype, {tokens, heads, v})};
      }
      case ATTEST_LAYOUT_PAGED_X_SPLIT: {
        const auto x = 16 / static_cast<std::int64_t>(kernels::element_size(dtype));
        return {tensor(dtype, {pages, heads, qk / x, page, x}),
                tensor(dtype, {pages, heads, v, page})};
      }
      case ATTEST_LAYOUT_MLA_LATENT: {
        const attest_tensor k = tensor(dtype, {pages, page, 1, qk});
        attest_tensor prefix = k;
        prefix.shape[3] = v;
        return {k, prefix};
      }
      default:  // NHD
        return {tensor(dtype, {pages, page, heads, qk}), tensor(dtype, {pages, page, heads, v})};
    }
  }

  cudaStream_t stream;
  std::int32_t device;  ///< that the kernel asks for
  std::vector<void*> buffers;
  std::vector<std::unique_ptr<std::vector<std::int32_t>>> host;
  std::uint32_t seed = 0;
};

Sizes sizes_for(const attest_kernel& kernel, int n) {
  Sizes sizes;
  if ((kernel.operations & ATTEST_OP_ATTEND) == 0) {
    sizes.q_len = n;
    sizes.kv_len = kStates;
    sizes.layout = ATTEST_LAYOUT_PAGED_NHD;
    return sizes;
  }
  sizes.kv_len = n;
  if (has_layout(kernel, ATTEST_LAYOUT_MLA_LATENT) && kernel.capabilities.num_kv_heads.max == 1) {
    return {.batch = kDecodes,
            .kv_len = n,
            .num_q_heads = 128,
            .num_kv_heads = 1,
            .head_dim_qk = 576,
            .head_dim_v = 512,
            .layout = ATTEST_LAYOUT_MLA_LATENT,
            .page_size = 64};
  }
  const std::int64_t most_rows = kernel.capabilities.q_len.max;
  const bool few_rows = most_rows > 0 && most_rows < n;
  if (few_rows || !has_layout(kernel, ATTEST_LAYOUT_CONTIGUOUS)) {  // decode
    sizes.batch = kDecodes;
    sizes.layout = has_layout(kernel, ATTEST_LAYOUT_PAGED_NHD) ? ATTEST_LAYOUT_PAGED_NHD
                                                               : ATTEST_LAYOUT_PAGED_X_SPLIT;
    return sizes;
  }
  sizes.q_len = n;
  return sizes;
}

std::string sizes_text(const attest_kernel& kernel, const Sizes& sizes) {
  if ((kernel.operations & ATTEST_OP_APPEND) != 0) {
    return fmt::format("{} tokens, heads {}, D {}", sizes.q_len, sizes.num_kv_heads,
                       sizes.head_dim_qk);
  }
  if ((kernel.operations & ATTEST_OP_ATTEND) == 0) {
    return fmt::format("{} states of {} rows, heads {}, D {}", sizes.kv_len, sizes.q_len,
                       sizes.num_q_heads, sizes.head_dim_v);
  }
  const std::string dim = sizes.head_dim_qk == sizes.head_dim_v
                              ? fmt::format("{}", sizes.head_dim_qk)
                              : fmt::format("{}/{}", sizes.head_dim_qk, sizes.head_dim_v);
  return fmt::format("batch {}, q {}, kv {}, heads {}/{}, D {}", sizes.batch, sizes.q_len,
                     sizes.kv_len, sizes.num_q_heads, sizes.num_kv_heads, dim);
}

DeviceCall::DeviceCall(const attest_kernel& kernel, const Sizes& sizes, cudaStream_t stream)
    : kernel_(kernel), memory_(std::make_unique<Memory>(stream, kernel.capabilities.device)) {
  if ((kernel.operations & ATTEST_OP_ATTEND) != 0) {
    make_attend(sizes);
  } else if ((kernel.operations & ATTEST_OP_APPEND) != 0) {
    make_append(sizes);
  } else {
    make_merge(sizes);
  }
  require("filling", cudaGetLastError());
  require("filling", cudaStreamSynchronize(stream));
}

DeviceCall::~DeviceCall() = default;

void DeviceCall::make_attend(const Sizes& sizes) {
  Memory& memory = *memory_;
  const attest_capabilities& can = kernel_.capabilities;
  attest_attend& call = attend_;
  call.struct_size = sizeof(call);
  call.layout = sizes.layout;
  call.batch = sizes.batch;
  call.num_q_heads = sizes.num_q_heads;
  call.num_kv_heads = sizes.num_kv_heads;
  call.head_dim_qk = sizes.head_dim_qk;
  call.head_dim_v = sizes.head_dim_v;
  call.max_q_len = sizes.q_len;
  call.max_kv_len = sizes.kv_len;
  call.causal = 1;
  call.window_left = call.window_right = -1;
  call.scale = 0.088;
  call.total_q = std::int64_t{sizes.batch} * sizes.q_len;
  call.stream = memory.stream;

  std::vector<std::int32_t> rows, tokens;
  for (int b = 0; b <= sizes.batch; ++b) {
    rows.push_back(b * sizes.q_len);
    tokens.push_back(b * sizes.kv_len);
  }
  const auto count = static_cast<std::size_t>(sizes.batch);
  call.cu_seqlens_q = memory.ints(rows);
  call.kv_len = memory.ints(std::vector<std::int32_t>(count, sizes.kv_len));
  call.start_pos = memory.ints(std::vector<std::int32_t>(count, sizes.kv_len - sizes.q_len));
  std::int64_t pages = 0;
  if (sizes.layout == ATTEST_LAYOUT_CONTIGUOUS) {
    call.cu_seqlens_k = memory.ints(tokens);
  } else {
    call.page_size = sizes.page_size;
    call.max_blocks = (sizes.kv_len + sizes.page_size - 1) / sizes.page_size;
    call.num_pages = pages = std::int64_t{call.max_blocks} * sizes.batch;
    call.block_table = memory.ints(shuffled(static_cast<int>(pages)));
  }
  const std::int32_t q_type = type_of(can.q_dtypes);
  call.q = memory.tensor(q_type, {call.total_q, sizes.num_q_heads, sizes.head_dim_qk});
  call.o =
      memory.tensor(type_of(can.o_dtypes), {call.total_q, sizes.num_q_heads, sizes.head_dim_v});
  std::tie(call.k, call.v) = memory.cache(sizes, type_of(can.kv_dtypes), pages);

  if (kernel_.plan != nullptr) {
    attest_plan_result plan{};
    plan.struct_size = sizeof(plan);
    attest_report report = empty_report();
    accept("plan", kernel_, kernel_.plan(nullptr, &call, &plan, &report), report);
    call.workspace = memory.allocate(plan.workspace_bytes);
    call.workspace_bytes = plan.workspace_bytes;
    require("cudaMemset", cudaMemset(call.workspace, 0, plan.workspace_bytes));
  }
  counts_ = counts_of(call);
}

void DeviceCall::make_append(const Sizes& sizes) {
  Memory& memory = *memory_;
  attest_append& append = append_;
  append.struct_size = sizeof(append);
  append.layout = sizes.layout;
  append.num_kv_heads = sizes.num_kv_heads;
  append.head_dim_qk = sizes.head_dim_qk;
  append.head_dim_v = sizes.head_dim_v;
  append.page_size = sizes.page_size;
  append.num_tokens = sizes.q_len;
  append.num_pages = (sizes.q_len + sizes.page_size - 1) / sizes.page_size;
  append.stream = memory.stream;
  const std::int32_t type = type_of(kernel_.capabilities.q_dtypes);
  append.k_new = memory.tensor(type, {sizes.q_len, sizes.num_kv_heads, sizes.head_dim_qk});
  append.v_new = memory.tensor(type, {sizes.q_len, sizes.num_kv_heads, sizes.head_dim_v});
  std::tie(append.k, append.v) =
      memory.cache(sizes, type_of(kernel_.capabilities.kv_dtypes), append.num_pages);

  std::vector<std::int64_t> slots;
  for (const std::int32_t slot : shuffled(sizes.q_len)) slots.push_back(slot);
  append.slot_mapping = memory.tensor(ATTEST_I64, {sizes.q_len});
  require("cudaMemcpy", cudaMemcpy(append.slot_mapping.data, slots.data(),
                                   slots.size() * sizeof(slots[0]), cudaMemcpyHostToDevice));
  counts_ = counts_of(append);
}

void DeviceCall::make_merge(const Sizes& sizes) {
  Memory& memory = *memory_;
  const std::int32_t type = type_of(kernel_.capabilities.o_dtypes);
  const auto state = [&] {
    attest_state made{};
    made.o = memory.tensor(type, {sizes.q_len, sizes.num_q_heads, sizes.head_dim_v});
    made.lse = memory.tensor(ATTEST_F32, {sizes.q_len, sizes.num_q_heads});
    return made;
  };
  for (int s = 0; s < sizes.kv_len; ++s) states_.push_back(state());
  merge_.struct_size = sizeof(merge_);
  merge_.num_states = sizes.kv_len;
  merge_.total_q = sizes.q_len;
  merge_.num_q_heads = sizes.num_q_heads;
  merge_.head_dim_v = sizes.head_dim_v;
  merge_.states = states_.data();
  merge_.out = state();
  merge_.stream = memory.stream;
  counts_ = counts_of(merge_);
}

void DeviceCall::enqueue() const {
  attest_report report = empty_report();
  attest_status status = ATTEST_OK;
  if ((kernel_.operations & ATTEST_OP_ATTEND) != 0) {
    status = kernel_.attend(nullptr, &attend_, &report);
  } else if ((kernel_.operations & ATTEST_OP_APPEND) != 0) {
    status = kernel_.append(nullptr, &append_, &report);
  } else {
    status = kernel_.merge(nullptr, &merge_, &report);
  }
  accept("running", kernel_, status, report);
}

}  // namespace attest::bench
