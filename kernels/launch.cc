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

// Calls visit(offset in elements) for every element of a tensor.
template <typename Visit>
void for_each_offset(const attest_tensor& tensor, Visit visit) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  std::array<std::int64_t, ATTEST_MAX_RANK> index{};
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (int d = 0; d < tensor.rank; ++d) offset += index[d] * tensor.stride[d];
    visit(offset);
    for (int d = tensor.rank - 1; d >= 0 && ++index[d] == tensor.shape[d]; --d) index[d] = 0;
  }
}

std::int64_t count_elements(const attest_tensor& tensor) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  return count;
}

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
  if (bytes > arena_.capacity()) {
    throw ContractError(fmt::format("launch: buffer '{}' of {} bytes exceeds the arena of {}", name,
                                    bytes, arena_.capacity()));
  }
  Buffer buffer{.name = std::move(name), .role = role, .data = nullptr, .bytes = bytes};
  const auto slot = arena_.take_slot(bytes);
  if (slot) {
    place_in(*slot, alignment, buffer);
  } else {
    place_between(alignment, buffer);
  }
  buffers_.push_back(std::move(buffer));
  return buffers_.back().data;
}

void Launch::place_in(const GuardedSlots::Slot& slot, std::size_t alignment, Buffer& buffer) const {
  const auto room = static_cast<std::size_t>(slot.end - slot.begin) - buffer.bytes;
  std::size_t first = 0;
  switch ((XXH3_64bits(buffer.name.data(), buffer.name.size()) + arena_.placement()) % 4) {
    case 0:
    case 1:
      first = room & ~(alignment - 1);
      break;
    case 2:
      break;
    default:
      first = alignment < kMaxAlignment && room >= alignment ? alignment : 0;
  }
  buffer.data = slot.begin + first;
  buffer.before = std::min(first, kCanary);
  buffer.after = std::min(room - first, kCanary);
}

void Launch::place_between(std::size_t alignment, Buffer& buffer) {
  // Where the last buffer's canary ends this one's begins: no byte between them is unwatched. The
  // data begins at an odd multiple of the alignment: a kernel that needs more than it declared
  // meets less.
  const bool no_better = alignment < kMaxAlignment;
  const std::size_t period = no_better ? 2 * alignment : alignment;
  const std::size_t phase = no_better ? alignment : 0;
  const std::size_t from = arena_.used() + kCanary;
  buffer.before = kCanary + (period + phase - from % period) % period;
  buffer.data = arena_.allocate(buffer.before + buffer.bytes + kCanary, 1) + buffer.before;
}

attest_tensor Launch::strided(std::string name, Role role, const attest_tensor& view,
                              std::int64_t elements) {
  attest_tensor tensor = view;
  const std::size_t unit = element_size(view.dtype);
  tensor.data = add(std::move(name), role, static_cast<std::size_t>(elements) * unit,
                    std::max(tensor_alignment_, unit));
  const bool gaps = count_elements(view) < elements;
  if (gaps && (role == Role::kOutput || role == Role::kUpdated)) buffers_.back().gapped = tensor;
  return tensor;
}

attest_tensor Launch::in_window(std::string name, int window, const attest_tensor& view,
                                std::int64_t elements, std::vector<Bytes> laid) {
  const SparseWindow* place = arena_.window(window);
  if (place == nullptr) throw ContractError("launch: the arena has no windows");
  const std::size_t unit = element_size(view.dtype);
  const std::size_t bytes = static_cast<std::size_t>(elements) * unit;
  const std::size_t alignment = std::max(tensor_alignment_, unit);
  const std::size_t first = (kCanary / alignment + 1) * alignment;
  const auto check = [&](std::size_t offset, std::size_t count) {
    if (SparseWindow::in_island(offset, count)) return;
    throw ContractError(fmt::format("launch: bytes {} to {} of '{}' lie in no island", offset,
                                    offset + count, name));
  };
  check(first - kCanary, kCanary);
  check(first + bytes, kCanary);
  std::size_t filled = 0;
  for (const Bytes& part : laid) {
    check(first + part.first, part.count);
    filled += part.count;
  }
  arena_.fill_windows(filled);
  attest_tensor tensor = view;
  tensor.data = place->base() + first;
  buffers_.push_back({.name = std::move(name),
                      .role = Role::kInput,
                      .data = place->base() + first,
                      .bytes = bytes});
  buffers_.back().laid = std::move(laid);
  buffers_.back().windowed = true;
  return tensor;
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
  tensor.data = add(std::move(name), role, static_cast<std::size_t>(bytes),
                    std::max(tensor_alignment_, element_size(dtype)));
  return tensor;
}

attest_ints Launch::ints(std::string name, std::span<const std::int32_t> values) {
  if (values.empty()) return {};
  std::byte* data = add(std::move(name), Role::kInput, values.size_bytes());
  std::memcpy(data, values.data(), values.size_bytes());
  const auto* numbers = reinterpret_cast<const std::int32_t*>(data);
  return {numbers, numbers, static_cast<std::int64_t>(values.size())};
}

void Launch::let_update(const std::string& name) {
  for (Buffer& buffer : buffers_) {
    if (buffer.name == name && buffer.role == Role::kInput) buffer.role = Role::kUpdated;
  }
}

void* Launch::raw(std::size_t bytes, std::size_t alignment) {
  return arena_.allocate(bytes, alignment);
}

bool Launch::has_copy(const Buffer& b) const {
  if (b.windowed || b.gapped.rank > 0) return true;
  return b.role == Role::kInput && b.bytes <= kCopyLimit;
}

void Launch::seal() {
  const auto copied_bytes = [](const Buffer& b) {
    if (!b.windowed) return b.bytes;
    std::size_t bytes = 0;
    for (const Bytes& part : b.laid) bytes += part.count;
    return bytes;
  };
  std::size_t copied = 0;
  for (const Buffer& b : buffers_) {
    if (has_copy(b)) copied += copied_bytes(b);
  }
  copies_.resize(copied);
  std::size_t next = 0;
  const auto keep = [&](const std::byte* data, std::size_t bytes) {
    if (bytes > 0) std::memcpy(copies_.data() + next, data, bytes);
    next += bytes;
  };
  for (Buffer& b : buffers_) {
    std::memcpy(b.data - b.before, kPattern.data(), b.before);
    std::memcpy(b.data + b.bytes, kPattern.data(), b.after);
    if (!has_copy(b)) {
      if (b.role == Role::kInput) b.hash = XXH3_64bits(b.data, b.bytes);
      continue;
    }
    b.copy = next;
    if (!b.windowed) keep(b.data, b.bytes);
    for (const Bytes& part : b.laid) keep(b.data + part.first, part.count);
  }
}

std::optional<Damage> Launch::find_canary(const Buffer& b) const {
  std::size_t at = first_difference(b.data - b.before, kPattern.data(), b.before);
  if (at < b.before) {
    return Damage{b.name, true, false,
                  static_cast<std::int64_t>(at) - static_cast<std::int64_t>(b.before)};
  }
  at = first_difference(b.data + b.bytes, kPattern.data(), b.after);
  if (at < b.after) return Damage{b.name, true, false, static_cast<std::int64_t>(b.bytes + at)};
  return std::nullopt;
}

std::optional<Damage> Launch::find_change(const Buffer& b) const {
  const std::byte* copy = copies_.data() + b.copy;
  if (b.gapped.rank > 0) {
    // What is left of a change when the elements are put back was done to the gaps.
    std::vector<std::byte> now(b.data, b.data + b.bytes);
    const std::size_t unit = element_size(b.gapped.dtype);
    for_each_offset(b.gapped, [&](std::int64_t offset) {
      const std::size_t at = static_cast<std::size_t>(offset) * unit;
      std::memcpy(now.data() + at, copy + at, unit);
    });
    const std::size_t at = first_difference(now.data(), copy, b.bytes);
    if (at < b.bytes) return Damage{b.name, false, true, static_cast<std::int64_t>(at)};
    return std::nullopt;
  }
  if (b.role != Role::kInput || b.bytes == 0) return std::nullopt;
  if (b.windowed) {
    for (const Bytes& part : b.laid) {
      const std::size_t at = first_difference(b.data + part.first, copy, part.count);
      if (at < part.count)
        return Damage{b.name, false, false, static_cast<std::int64_t>(part.first + at)};
      copy += part.count;
    }
    return std::nullopt;
  }
  if (!has_copy(b)) {
    if (XXH3_64bits(b.data, b.bytes) != b.hash) return Damage{b.name, false, false, -1};
    return std::nullopt;
  }
  const std::size_t at = first_difference(b.data, copy, b.bytes);
  if (at < b.bytes) return Damage{b.name, false, false, static_cast<std::int64_t>(at)};
  return std::nullopt;
}

std::optional<Damage> Launch::find_damage() const {
  for (const Buffer& b : buffers_) {
    if (auto damage = find_canary(b)) return damage;
  }
  for (const Buffer& b : buffers_) {
    if (auto damage = find_change(b)) return damage;
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
