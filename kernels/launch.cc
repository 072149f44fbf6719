#include "kernels/launch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <xxhash.h>

#include <fmt/format.h>

#include "problem/errors.h"

namespace attest::kernels {
namespace {

// Canary bytes: noise, so that no value a kernel computes looks like them, and the same on every
// machine. One table serves every buffer; the longest canary is shorter.
constexpr std::size_t kMaxAlignment = 4096;
constexpr std::size_t kPatternBytes = Launch::kCanary + kMaxAlignment;
constexpr std::array<std::byte, kPatternBytes> make_pattern() {
  std::array<std::byte, kPatternBytes> pattern{};
  std::uint64_t state = 0x6174746573740001;  // splitmix64
  for (std::size_t i = 0; i < kPatternBytes; ++i) {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    pattern[i] = static_cast<std::byte>((z ^ (z >> 31)) & 0xff);
  }
  return pattern;
}
constexpr std::array<std::byte, kPatternBytes> kPattern = make_pattern();

// Index of the first byte that differs, or `bytes`.
std::size_t first_difference(const std::byte* a, const std::byte* b, std::size_t bytes) {
  if (bytes == 0 || std::memcmp(a, b, bytes) == 0) return bytes;
  return static_cast<std::size_t>(std::mismatch(a, a + bytes, b).first - a);
}

}  // namespace

Launch::Launch(Arena& arena) : arena_(arena) {
  arena_.reset();
  buffers_.reserve(40);
}

std::byte* Launch::add(std::string name, Role role, std::size_t bytes, std::size_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > kMaxAlignment) {
    throw ContractError(
        fmt::format("launch: buffer '{}' has alignment {}: not a power of two up to {}", name,
                    alignment, kMaxAlignment));
  }
  // Where the last buffer's canary ends this one's begins: no byte between them is unwatched. The
  // data begins at an odd multiple of the alignment: a kernel that needs more than it declared
  // meets less.
  const bool no_better = alignment < kMaxAlignment;
  const std::size_t period = no_better ? 2 * alignment : alignment;
  const std::size_t phase = no_better ? alignment : 0;
  const std::size_t from = arena_.used() + kCanary;
  const std::size_t before = kCanary + (period + phase - from % period) % period;
  if (bytes > arena_.capacity()) {
    throw ContractError(fmt::format("launch: buffer '{}' of {} bytes exceeds the arena of {}", name,
                                    bytes, arena_.capacity()));
  }
  std::byte* data = arena_.allocate(before + bytes + kCanary, 1) + before;
  buffers_.push_back({std::move(name), role, data, bytes, before, 0, 0});
  return data;
}

attest_tensor Launch::tensor(std::string name, Role role, int dtype,
                             std::span<const std::int64_t> shape) {
  if (shape.size() > ATTEST_MAX_RANK) {
    throw ContractError(fmt::format("launch: tensor '{}' has rank {}, at most {}", name,
                                    shape.size(), ATTEST_MAX_RANK));
  }
  attest_tensor tensor{};
  tensor.dtype = dtype;
  tensor.device = ATTEST_CPU;
  tensor.rank = static_cast<std::int32_t>(shape.size());
  auto bytes = static_cast<std::int64_t>(element_size(dtype));
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    tensor.shape[i] = shape[i];
    tensor.stride[i] = stride;
    const std::int64_t step =
        std::max<std::int64_t>(shape[i], 1);  // an empty tensor has strides too
    if (shape[i] < 0 || __builtin_mul_overflow(bytes, shape[i], &bytes) ||
        __builtin_mul_overflow(stride, step, &stride)) {
      throw ContractError(
          fmt::format("launch: tensor '{}' has no such size: [{}]", name, fmt::join(shape, ", ")));
    }
  }
  tensor.data = add(std::move(name), role, static_cast<std::size_t>(bytes));
  return tensor;
}

attest_ints Launch::ints(std::string name, std::span<const std::int32_t> values) {
  if (values.empty()) return {};
  std::byte* data = add(std::move(name), Role::kInput, values.size_bytes());
  std::memcpy(data, values.data(), values.size_bytes());
  const auto* numbers = reinterpret_cast<const std::int32_t*>(data);
  return {numbers, numbers, static_cast<std::int64_t>(values.size())};
}

void* Launch::raw(std::size_t bytes, std::size_t alignment) {
  return arena_.allocate(bytes, alignment);
}

void Launch::seal() {
  std::size_t copied = 0;
  for (const Buffer& b : buffers_) {
    if (b.role == Role::kInput && b.bytes <= kCopyLimit) copied += b.bytes;
  }
  copies_.resize(copied);
  std::size_t next = 0;
  for (Buffer& b : buffers_) {
    std::memcpy(b.data - b.before, kPattern.data(), b.before);
    std::memcpy(b.data + b.bytes, kPattern.data(), kCanary);
    if (b.role != Role::kInput) continue;
    if (b.bytes > kCopyLimit) {
      b.hash = XXH3_64bits(b.data, b.bytes);
    } else if (b.bytes > 0) {
      b.copy = next;
      std::memcpy(copies_.data() + next, b.data, b.bytes);
      next += b.bytes;
    }
  }
}

std::optional<Damage> Launch::find_damage() const {
  for (const Buffer& b : buffers_) {
    std::size_t at = first_difference(b.data - b.before, kPattern.data(), b.before);
    if (at < b.before) {
      return Damage{b.name, true,
                    static_cast<std::int64_t>(at) - static_cast<std::int64_t>(b.before)};
    }
    at = first_difference(b.data + b.bytes, kPattern.data(), kCanary);
    if (at < kCanary) return Damage{b.name, true, static_cast<std::int64_t>(b.bytes + at)};
  }
  for (const Buffer& b : buffers_) {
    if (b.role != Role::kInput || b.bytes == 0) continue;
    if (b.bytes > kCopyLimit) {
      if (XXH3_64bits(b.data, b.bytes) != b.hash) return Damage{b.name, false, -1};
      continue;
    }
    const std::size_t at = first_difference(b.data, copies_.data() + b.copy, b.bytes);
    if (at < b.bytes) return Damage{b.name, false, static_cast<std::int64_t>(at)};
  }
  return std::nullopt;
}

std::size_t element_size(int abi_dtype) {
  switch (abi_dtype) {
    case ATTEST_F64:
    case ATTEST_I64:
      return 8;
    case ATTEST_F32:
    case ATTEST_I32:
      return 4;
    case ATTEST_F16:
    case ATTEST_BF16:
      return 2;
    case ATTEST_E4M3:
    case ATTEST_E5M2:
    case ATTEST_U8:
      return 1;
    default:
      throw ContractError(fmt::format("no such element type in the kernel ABI: {}", abi_dtype));
  }
}

}  // namespace attest::kernels
