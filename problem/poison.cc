#include "problem/poison.h"

#include <array>

#include "problem/name_table.h"

namespace attest::problem {
namespace {

constexpr std::array<std::string_view, kNumPoisonPlaces> kPlaces = {
    "future", "outside_window", "page_tail", "free_pages", "table_tail", "workspace", "output"};
constexpr std::array<std::string_view, kNumPoisonKinds> kKinds = {"nan", "plus_inf", "minus_inf",
                                                                  "largest", "dominating"};

}  // namespace

std::string_view name_of(PoisonPlace place) { return name_in(kPlaces, place); }
std::optional<PoisonPlace> parse_poison_place(std::string_view name) {
  return parse_in<PoisonPlace>(kPlaces, name);
}

std::string_view name_of(PoisonKind kind) { return name_in(kKinds, kind); }
std::optional<PoisonKind> parse_poison_kind(std::string_view name) {
  return parse_in<PoisonKind>(kKinds, name);
}

}  // namespace attest::problem
