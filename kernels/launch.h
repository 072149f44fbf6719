// The buffers of one kernel call: allocated in the arena, fenced by guards and canaries, inputs
// remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/arena.h"
#include "kernels/attest_kernel.h"
#include "problem/dtype.h"

namespace attest::kernels {

enum class Role : std::uint8_t {
  kInput,    ///< must be unchanged after the call
  kOutput,   ///< its elements may be written; gaps between them may not
  kUpdated,  ///< read and written in place (a cache): likewise; elements are checked by the caller
  kScratch,  ///< workspace
};

/// What a call did to memory it must leave alone.
struct Damage {
  std::string buffer;
  bool canary = false;  ///< a canary around the buffer; otherwise an input's own bytes
  bool gap = false;     ///< or bytes of an output between the elements of its tensor
  /// First changed byte, relative to the buffer; negative: before it. -1 with canary == false:
  /// somewhere in an input too large to keep a copy of.
  std::int64_t offset = 0;
};

class Launch {
 public:
  /// Bytes of canary on a side of a buffer without a guard, where there is room.
  static constexpr std::size_t kCanary = 128;
  /// Inputs up to this size are copied, so that damage has an offset; larger ones are hashed.
  static constexpr std::size_t kCopyLimit = std::size_t{1} << 20;

  /// Starts afresh: resets the arena.
  explicit Launch(Arena& arena);

  /// A buffer of `bytes` (0 is allowed and still fenced), aligned as asked, contents undefined:
  /// what the arena held before. It lies in a slot of the arena, and Arena::placement() and its
  /// name decide where: half of all end where the slot does, as far as the alignment allows, a
  /// quarter begin where it begins, and a quarter begin aligned as asked and no better. Without a
  /// free slot it lies between canaries alone, aligned no better than asked.
  std::byte* add(std::string name, Role role, std::size_t bytes, std::size_t alignment = 64);

  /// Alignment of tensors from here on, in bytes; 0: their element's own. Otherwise 64.
  void align_tensors(std::size_t bytes) { tensor_alignment_ = bytes; }
  /// Packed row-major tensor over a new buffer.
  attest_tensor tensor(std::string name, Role role, int dtype, std::span<const std::int64_t> shape);
  /// A tensor of the view's type, shape and strides over a new buffer of `elements` elements. The
  /// view's data is not looked at.
  attest_tensor strided(std::string name, Role role, const attest_tensor& view,
                        std::int64_t elements);
  /// Part of a buffer.
  struct Bytes {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  /// The same as an input in a window of the arena (SparseWindow), where only `laid` can be filled
  /// and is watched, with the canaries before and after the buffer. Throws ContractError when a
  /// part lies in no island.
  attest_tensor in_window(std::string name, int window, const attest_tensor& view,
                          std::int64_t elements, std::vector<Bytes> laid);
  attest_ints ints(std::string name, std::span<const std::int32_t> values);

  /// Makes an input a buffer that is read and written in place. Nothing happens without one.
  void let_update(const std::string& name);

  /// Plain memory for call structs themselves: no canary, not checked.
  void* raw(std::size_t bytes, std::size_t alignment);

  /// Draws the canaries and remembers the inputs. Call after filling, before running; again before
  /// a next run.
  void seal();
  /// The first damage done since seal(), or nothing: canaries before inputs, each in the order of
  /// add().
  std::optional<Damage> find_damage() const;

  /// Where an address is, from the nearest buffer: "4 bytes past the end of k (input, 2,048
  /// bytes)"; nothing when it is far from all.
  std::optional<std::string> locate(std::uint64_t address) const;

  Arena& arena() const { return arena_; }

 private:
  struct Buffer {
    std::string name;
    Role role;
    std::byte* data;
    std::size_t bytes;
    std::size_t before = kCanary;  ///< canary bytes that end at data
    std::size_t after = kCanary;   ///< and those that begin behind it
    std::uint64_t hash = 0;        ///< of a large input
    std::size_t copy = 0;          ///< where a small input's copy begins in copies_
    attest_tensor gapped = {};     ///< of an output with gaps
    std::vector<Bytes> laid = {};  ///< of an input in a window
    bool windowed = false;
  };
  void place_in(const GuardedSlots::Slot& slot, std::size_t alignment, Buffer& buffer) const;
  void place_between(std::size_t alignment, Buffer& buffer);
  bool has_copy(const Buffer& buffer) const;
  std::optional<Damage> find_canary(const Buffer& buffer) const;
  std::optional<Damage> find_change(const Buffer& buffer) const;
  Arena& arena_;
  std::vector<Buffer> buffers_;
  std::size_t tensor_alignment_ = 64;
  std::vector<std::byte> copies_;  // out of the kernel's reach
};

/// Size in bytes of one element of an ABI dtype (ATTEST_F64 ... ATTEST_U8). Throws ContractError on
/// another.
std::size_t element_size(int abi_dtype);

}  // namespace attest::kernels
