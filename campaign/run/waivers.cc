#include "campaign/run/waivers.h"

#include <charconv>
#include <fnmatch.h>
#include <optional>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "campaign/select.h"
#include "corpus/file_io.h"
#include "corpus/json_field.h"

namespace attest::campaign {
namespace {

constexpr std::size_t kMaxReason = 400;
constexpr std::size_t kMaxWaiverBytes = std::size_t{1} << 20;

/// "2027-01-31", to the digit.
std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    const char* end = text.data() + at + size;
    const auto [stop, error] = std::from_chars(text.data() + at, end, value);
    return error == std::errc{} && stop == end ? value : -1;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string filled(const corpus::Field& field) {
  std::string text = field.text(kMaxReason);
  if (text.empty()) field.fail("a text that is not empty");
  return text;
}

bool covers(const Waiver& waiver, const std::string& kernel, const std::string& property) {
  return fnmatch(waiver.kernel.c_str(), kernel.c_str(), 0) == 0 &&
         property_matches(waiver.property, property);
}

/// What a waiver met.
struct Met {
  bool anything = false, failures = false, undecided = false;
};

Met what_it_meets(const RunRecord& record, const Waiver& waiver) {
  Met met;
  for (const PairRecord& pair : record.pairs) {
    if (!covers(waiver, pair.kernel, pair.property)) continue;
    met.anything = true;
    if (pair.first_failure) {
      met.failures = true;
    } else if (pair.judged == 0) {
      met.undecided = true;
    }
  }
  for (const StoredRecord& stored : record.stored) {
    if (stored.kernel.empty() || !covers(waiver, stored.kernel, stored.property)) continue;
    met.anything = true;
    if (stored.status && problem::is_failure(*stored.status)) met.failures = true;
  }
  for (const FailureRecord& failure : record.failures) {
    if (covers(waiver, failure.kernel, failure.property)) met.anything = met.failures = true;
  }
  return met;
}

}  // namespace

std::vector<Waiver> parse_waivers(std::string_view text, const std::string& path) {
  const nlohmann::json document = corpus::parse_json(text, path);
  const corpus::Field root(document, path);
  std::vector<Waiver> waivers;
  for (std::size_t i = 0; i < root.list_size(); ++i) {
    const corpus::Field field = root.element(i);
    field.expect_keys({"property", "kernel", "reason", "owner", "expires"});
    Waiver& waiver = waivers.emplace_back();
    waiver.property = filled(field.member("property"));
    waiver.kernel = filled(field.member("kernel"));
    waiver.reason = filled(field.member("reason"));
    waiver.owner = filled(field.member("owner"));
    const corpus::Field expires = field.member("expires");
    const auto day = parse_day(expires.text(kMaxReason));
    if (!day) expires.fail("a day, such as \"2027-01-31\"");
    waiver.expires = *day;
  }
  return waivers;
}

std::vector<Waiver> read_waivers(const std::filesystem::path& path) {
  return parse_waivers(corpus::read_regular_file(path, kMaxWaiverBytes), path_text(path));
}

std::chrono::sys_days today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

void apply_waivers(RunRecord& record, std::span<const Waiver> waivers,
                   std::chrono::sys_days today) {
  const auto reason = [&](const std::string& kernel, const std::string& property) {
    for (const Waiver& waiver : waivers) {
      if (today > waiver.expires || !covers(waiver, kernel, property)) continue;
      return fmt::format("{} ({}, until {})", waiver.reason, waiver.owner,
                         day_text(waiver.expires));
    }
    return std::string();
  };
  for (FailureRecord& failure : record.failures) {
    failure.waiver = reason(failure.kernel, failure.property);
  }
  for (StoredRecord& stored : record.stored) {
    const bool failed = stored.status && problem::is_failure(*stored.status);
    stored.waiver = failed ? reason(stored.kernel, stored.property) : "";
  }
  record.waivers.clear();
  for (const Waiver& waiver : waivers) {
    const Met met = what_it_meets(record, waiver);
    std::string what;
    if (today > waiver.expires) {
      what = "expired on " + day_text(waiver.expires);
    } else if (!met.anything) {
      what = "matches nothing";
    } else if (!met.failures && !met.undecided) {
      what = "passes";
    }
    if (!what.empty()) {
      record.waivers.push_back({waiver.kernel, waiver.property, waiver.owner, std::move(what)});
    }
  }
}

}  // namespace attest::campaign
