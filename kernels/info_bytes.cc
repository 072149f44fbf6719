// serialise() and deserialise(): a declaration as bytes. Both ends are one program, so the ABI
// structs travel as they lie in memory; the reading end still trusts nothing.
#include <cstring>
#include <type_traits>

#include "kernels/info_checks.h"
#include "kernels/kernel_info.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

constexpr std::uint32_t kInfoMagic = 0x33696b61;  // "aki3"

template <typename Value>
void put(std::string& out, const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(Value));
}

void put_text(std::string& out, const std::string& text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string_view take_bytes(std::string_view& in, std::size_t count) {
  if (count > in.size()) throw ContractError("a kernel's declaration arrived cut off");
  const std::string_view bytes = in.substr(0, count);
  in.remove_prefix(count);
  return bytes;
}

template <typename Value>
void take(std::string_view& in, Value& value) {
  static_assert(std::is_trivially_copyable_v<Value> && !std::is_same_v<Value, bool>);
  std::memcpy(&value, take_bytes(in, sizeof(Value)).data(), sizeof(Value));
}

void take_flag(std::string_view& in, bool& flag) {
  std::uint8_t byte = 0;
  take(in, byte);
  if (byte > 1)
    throw ContractError("a kernel's declaration arrived with a flag that is neither 0 nor 1");
  flag = byte == 1;
}

void take_text(std::string_view& in, std::string& text, std::size_t limit) {
  std::uint32_t size = 0;
  take(in, size);
  if (size > limit) throw ContractError("a kernel's declaration arrived with an overlong text");
  text = take_bytes(in, size);
}

}  // namespace

std::string serialise(const KernelInfo& info) {
  std::string out;
  put(out, kInfoMagic);
  put_text(out, info.name);
  put_text(out, info.description);
  put_text(out, info.library);
  put_text(out, info.numerics_preset);
  put(out, info.operations);
  put(out, info.promises);
  put(out, static_cast<std::uint8_t>(info.has_create ? 1 : 0));
  put(out, static_cast<std::uint8_t>(info.has_supports ? 1 : 0));
  put(out, static_cast<std::uint8_t>(info.has_plan ? 1 : 0));
  put(out, static_cast<std::uint8_t>(info.on_executor ? 1 : 0));
  put(out, info.capabilities);
  put(out, info.conventions);
  put(out, info.numerics);
  return out;
}

KernelInfo deserialise(std::string_view bytes) {
  constexpr std::size_t kMaxPath = 4096;
  std::uint32_t magic = 0;
  take(bytes, magic);
  if (magic != kInfoMagic) throw ContractError("a kernel's declaration arrived as something else");
  KernelInfo info;
  take_text(bytes, info.name, kMaxNameLength);
  take_text(bytes, info.description, kMaxDescriptionLength);
  take_text(bytes, info.library, kMaxPath);
  take_text(bytes, info.numerics_preset, kMaxNameLength);
  take(bytes, info.operations);
  take(bytes, info.promises);
  take_flag(bytes, info.has_create);
  take_flag(bytes, info.has_supports);
  take_flag(bytes, info.has_plan);
  take_flag(bytes, info.on_executor);
  take(bytes, info.capabilities);
  take(bytes, info.conventions);
  take(bytes, info.numerics);
  if (!bytes.empty()) throw ContractError("a kernel's declaration arrived with bytes behind it");
  validate(info);
  return info;
}

}  // namespace attest::kernels
