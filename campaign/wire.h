// Bytes that a lane sends to the supervisor through a pipe: both are this program, on this machine,
// so the format is private and changes at will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "problem/verdict.h"

namespace attest::campaign {

class WireWriter {
 public:
  WireWriter& integer(std::int64_t value);
  WireWriter& real(double value);
  WireWriter& text(std::string_view value);
  WireWriter& verdict(const problem::Verdict& value);

  std::string take() { return std::move(bytes_); }

 private:
  WireWriter& where(const problem::Where& value);

  std::string bytes_;
};

/// Reads in the order of writing. Throws: ContractError when the bytes end too early.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t integer();
  double real();
  std::string text();
  problem::Verdict verdict();

 private:
  problem::Where where();
  void copy(void* to, std::size_t size);
  std::string_view rest_;
};

}  // namespace attest::campaign
