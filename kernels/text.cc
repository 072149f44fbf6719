#include "kernels/text.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

namespace attest::kernels {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f;
    if (out.size() + (plain ? 1 : 4) > limit) {
      out.resize(std::min(out.size(), limit < 3 ? 0 : limit - 3));
      return out + "...";
    }
    if (plain) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string printable_field(const char* field, std::size_t capacity) {
  return printable(std::string_view(field, strnlen(field, capacity)), 4 * capacity);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  const std::string_view short_word = word.substr(0, 200);  // the distance is quadratic
  for (const std::string& name : names) {
    // People leave out the folder: "dense" is near "cpu/dense_f32".
    const std::string_view last = std::string_view(name).substr(name.rfind('/') + 1);
    const std::size_t distance =
        std::min(edit_distance(short_word, name), edit_distance(short_word, last));
    if (distance <= std::max(short_word.size(), last.size()) / 2) {
      ranked.emplace_back(distance, name);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.empty()) return "";
  std::string text = " (did you mean ";
  for (std::size_t i = 0; i < ranked.size() && i < 3; ++i) {
    text += (i == 0 ? "" : ", ") + ranked[i].second;
  }
  return text + "?)";
}

}  // namespace attest::kernels
