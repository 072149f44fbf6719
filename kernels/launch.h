// The buffers of one kernel call: allocated in the arena, fenced by canaries, inputs remembered.
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
  /// Bytes of canary on each side of a buffer, at least.
  static constexpr std::size_t kCanary = 128;
  /// Inputs up to this size are copied, so that damage has an offset; larger ones are hashed.
  static constexpr std::size_t kCopyLimit = std::size_t{1} << 20;

  /// Starts afresh: resets the arena.
  explicit Launch(Arena& arena);

  /// A buffer of `bytes` (0 is allowed and still fenced), aligned as asked and (below a page) no
  /// better, contents undefined: what the arena held before.
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

  Arena& arena() const { return arena_; }

 private:
  struct Buffer {
    std::string name;
    Role role;
    std::byte* data;
    std::size_t bytes;
    std::size_t before;            ///< canary bytes that end at data
    std::uint64_t hash;            ///< of a large input
    std::size_t copy;              ///< where a small input's copy begins in copies_
    attest_tensor gapped = {};     ///< of an output with gaps
    std::vector<Bytes> laid = {};  ///< of an input in a window
    bool windowed = false;
  };
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
