#include "campaign/wire.h"

#include <cstring>
#include <utility>

#include "problem/errors.h"

namespace attest::campaign {

WireWriter& WireWriter::integer(std::int64_t value) {
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  return *this;
}

WireWriter& WireWriter::real(double value) {
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  return *this;
}

WireWriter& WireWriter::text(std::string_view value) {
  integer(static_cast<std::int64_t>(value.size()));
  bytes_.append(value);
  return *this;
}

WireWriter& WireWriter::verdict(const problem::Verdict& value) {
  integer(static_cast<std::int64_t>(value.status)).text(value.failure_class).real(value.severity);
  integer(value.where.has_value() ? 1 : 0);
  if (value.where) where(*value.where);
  real(value.expected).real(value.got).real(value.bound).text(value.message);
  integer(value.suspicion.has_value() ? 1 : 0);
  if (value.suspicion) {
    const problem::Suspicion& suspicion = *value.suspicion;
    where(suspicion.where).real(suspicion.ratio).real(suspicion.expected).real(suspicion.got);
    real(suspicion.bound).integer(suspicion.runs);
  }
  return *this;
}

WireWriter& WireWriter::where(const problem::Where& value) {
  text(value.tensor).integer(value.sequence).integer(value.row).integer(value.head);
  return integer(value.lane).integer(value.page).integer(value.partition);
}

void WireReader::copy(void* to, std::size_t size) {
  if (rest_.size() < size) throw ContractError("a lane's message ends too early");
  std::memcpy(to, rest_.data(), size);
  rest_.remove_prefix(size);
}

std::int64_t WireReader::integer() {
  std::int64_t value = 0;
  copy(&value, sizeof value);
  return value;
}

double WireReader::real() {
  double value = 0;
  copy(&value, sizeof value);
  return value;
}

std::string WireReader::text() {
  const std::int64_t size = integer();
  if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) {
    throw ContractError("a lane's message ends too early");
  }
  std::string value(rest_.substr(0, static_cast<std::size_t>(size)));
  rest_.remove_prefix(static_cast<std::size_t>(size));
  return value;
}

problem::Verdict WireReader::verdict() {
  problem::Verdict value;
  value.status = static_cast<problem::Status>(integer());
  value.failure_class = text();
  value.severity = real();
  if (integer() != 0) value.where = where();
  value.expected = real();
  value.got = real();
  value.bound = real();
  value.message = text();
  if (integer() != 0) {
    problem::Suspicion& suspicion = value.suspicion.emplace();
    suspicion.where = where();
    suspicion.ratio = real();
    suspicion.expected = real();
    suspicion.got = real();
    suspicion.bound = real();
    suspicion.runs = static_cast<std::int32_t>(integer());
  }
  return value;
}

problem::Where WireReader::where() {
  problem::Where value;
  value.tensor = text();
  value.sequence = integer();
  value.row = integer();
  value.head = integer();
  value.lane = integer();
  value.page = integer();
  value.partition = integer();
  return value;
}

}  // namespace attest::campaign
