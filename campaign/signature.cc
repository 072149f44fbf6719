#include "campaign/signature.h"

#include <cctype>

namespace attest::campaign {
namespace {

constexpr std::size_t kLongest = 120;

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// "signal 11" of "signal 11 (Segmentation fault) at ...": addresses differ from run to run.
std::string death_of(std::string_view message) {
  for (const std::string_view how : {"signal ", "exit code "}) {
    const std::size_t at = message.find(how);
    if (at == std::string_view::npos) continue;
    std::size_t end = at + how.size();
    while (end < message.size() && std::isdigit(static_cast<unsigned char>(message[end]))) ++end;
    return std::string(message.substr(at, end - at));
  }
  return {};
}

std::string blame_of(const problem::Verdict& verdict) {
  if (verdict.status == problem::Status::kCrash || verdict.failure_class == "crash") {
    return death_of(verdict.message);
  }
  return verdict.where ? verdict.where->tensor : std::string();
}

}  // namespace

std::string signature_of(std::string_view property, const problem::Verdict& verdict) {
  std::string text(property);
  for (const std::string& part : {verdict.failure_class, blame_of(verdict)}) {
    if (!part.empty()) text += "-" + part;
  }
  std::string name;
  for (const char c : text) {
    const char to = is_plain(c) ? c : '-';
    if (to == '-' && (name.empty() || name.back() == '-')) continue;
    if (name.size() < kLongest) name += to;
  }
  return name;
}

}  // namespace attest::campaign
