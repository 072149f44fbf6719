// card_stryker() of campaign/card_writers.h.
#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "campaign/card_writers.h"
#include "campaign/path_text.h"
#include "corpus/file_io.h"
#include "kernels/registry.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxSource = std::size_t{1} << 20;

std::string read_source(const fs::path& path) {
  try {
    return corpus::read_regular_file(path, kMaxSource);
  } catch (const CorpusError&) {
    return {};
  }
}

/// The sources of the planted kernels by their path below the root.
std::map<std::string, std::string> planted_sources(const fs::path& root) {
  std::map<std::string, std::string> sources;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root / "kernels/planted", error), end;
       !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".cc" && it->path().extension() != ".cu") continue;
    sources[it->path().lexically_relative(root).string()] = read_source(it->path());
  }
  return sources;
}

struct Place {
  std::int64_t line = 1, begin = 1, end = 2;  ///< columns
};

/// "self_not_attended" -> "SelfNotAttended": the steps of a planted kernel are named like it.
std::string steps_of(std::string_view name) {
  std::string steps;
  bool begins_word = true;
  for (const char c : name) {
    if (c != '_')
      steps += begins_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins_word = c == '_';
  }
  return steps;
}

/// Where the defect takes effect in a source, as its mark says; the beginning if there is none. A
/// source may have several.
Place place_of_defect(const std::string& source, std::string_view name) {
  constexpr std::string_view kMark = "defect_ran()";
  const std::size_t steps = source.find("struct " + steps_of(name) + " ");
  const std::size_t at = source.find(kMark, steps == std::string::npos ? 0 : steps);
  if (at == std::string::npos) return {};
  const auto line_begin = static_cast<std::ptrdiff_t>(source.rfind('\n', at) + 1);
  Place place;
  place.line = 1 + std::count(source.begin(), source.begin() + line_begin, '\n');
  place.begin = static_cast<std::int64_t>(at) - line_begin + 1;
  place.end = place.begin + static_cast<std::int64_t>(kMark.size());
  return place;
}

Json position(std::int64_t line, std::int64_t column) {
  return {{"line", line}, {"column", column}};
}

/// Their "Timeout" is a kill and their "Pending" and "RuntimeError" leave the denominator, so a
/// bug for which there was no time or no running kernel is among the undetected here.
const char* status_of(const CardBug& bug) {
  switch (bug.fate()) {
    case Fate::kKilled:
      return bug.pairs[bug.first->pair].failure_class == "hang" ? "Timeout" : "Killed";
    case Fate::kSurvived:
      return "Survived";
    case Fate::kTimedOut:
      return bug.reached() > 0 ? "Survived" : "NoCoverage";
    case Fate::kNotReached:
    case Fate::kNoProperty:
      break;
  }
  return "NoCoverage";
}

std::string reason_of(const CardBug& bug) {
  if (bug.first) return problem::printable(bug.first->verdict.message, 400);
  return std::string(name_of(bug.fate())) + ": " + bug.reason();
}

Json mutant(const CardBug& bug, const std::string& source) {
  const Place place = place_of_defect(source, bug.name());
  Json covered_by = Json::array();
  Json killed_by = Json::array();
  std::int64_t completed = 0;
  if (bug.first) killed_by.push_back(bug.pairs[bug.first->pair].property->id);
  for (std::size_t i = 0; i < bug.pairs.size(); ++i) {
    const CardPair& pair = bug.pairs[i];
    if (pair.reached > 0) covered_by.push_back(pair.property->id);
    if (pair.killed_at && i != bug.first->pair) killed_by.push_back(pair.property->id);
    if (pair.cases > 0) ++completed;
  }
  return {
      {"id", problem::printable(bug.kernel.name)},
      {"mutatorName", bug.name()},
      {"description", problem::printable(bug.kernel.description, 400)},
      {"location",
       {{"start", position(place.line, place.begin)}, {"end", position(place.line, place.end)}}},
      {"status", status_of(bug)},
      {"statusReason", reason_of(bug)},
      {"coveredBy", covered_by},
      {"killedBy", killed_by},
      {"testsCompleted", completed},
      {"duration", static_cast<std::int64_t>(bug.seconds * 1000)}};
}

Json matrix_json(const Card& card) {
  Json bugs = Json::array();
  for (const CardBug& bug : card.bugs) {
    Json pairs = Json::array();
    for (const CardPair& pair : bug.pairs) {
      Json entry{{"property", pair.property->id},
                 {"cases", pair.cases},
                 {"checks", pair.judged},
                 {"reached", pair.reached},
                 {"killed", pair.killed_at.has_value()}};
      if (pair.killed_at) {
        entry["case"] = *pair.killed_at;
        entry["class"] = problem::printable(pair.failure_class);
      }
      if (pair.unreached_failures > 0) entry["unreachedFailures"] = pair.unreached_failures;
      if (pair.flaky_failures > 0) entry["flakyFailures"] = pair.flaky_failures;
      pairs.push_back(std::move(entry));
    }
    Json entry{{"kernel", problem::printable(bug.kernel.name)}, {"fate", name_of(bug.fate())}};
    if (bug.first) {
      entry["casesToFirstKill"] = bug.first->cases;
      entry["firstKill"] = bug.pairs[bug.first->pair].property->id;
      entry["case"] = path_text(bug.first->path);
    }
    entry["pairs"] = std::move(pairs);
    bugs.push_back(std::move(entry));
  }
  return bugs;
}

Json lists_json(const Card& card) {
  Json idle = Json::array();
  for (const properties::Property* property : idle_properties(card)) idle.push_back(property->id);
  Json soles = Json::object();
  for (const Sole& sole : killed_by_one_family(card)) {
    Json names = Json::array();
    for (const CardBug* bug : sole.bugs) names.push_back(bug->name());
    soles[std::string(sole.family)] = std::move(names);
  }
  Json unmet = Json::object();
  Json no_claim = Json::array();
  for (const Claim& claim : claims(card)) {
    if (!claim.unmet.empty()) unmet[std::string(claim.property->id)] = claim.unmet;
    if (claim.met.empty()) no_claim.push_back(claim.property->id);
  }
  return {{"killNothing", idle},
          {"killedByOneFamily", soles},
          {"namedButNotKilled", unmet},
          {"nameNothingTheyKill", no_claim}};
}

}  // namespace

fs::path source_root() {
#ifdef ATTEST_SOURCE_DIR
  return ATTEST_SOURCE_DIR;
#else
  return ".";
#endif
}

std::string card_stryker(const Card& card, const fs::path& root) {
  const std::map<std::string, std::string> sources = planted_sources(root);
  Json files = Json::object();
  for (const CardBug& bug : card.bugs) {
    std::string path = problem::printable(bug.kernel.library, 400);
    std::string source;
    if (path.empty()) {
      path = "kernels/planted/" + bug.name() + ".cc";
      const std::string quoted = '"' + bug.kernel.name + '"';
      for (const auto& [file, text] : sources) {
        if (text.find(quoted) == std::string::npos) continue;
        path = file;
        source = text;
        break;
      }
    }
    Json& file = files[path];
    if (file.is_null()) {
      file = {{"language", path.ends_with(".so") ? "c" : "cpp"},
              {"source", source},
              {"mutants", Json::array()}};
    }
    file["mutants"].push_back(mutant(bug, source));
  }
  Json test_files = Json::object();
  for (const properties::Property* property : card.properties) {
    const std::string path = source_file(*property);
    Json& file = test_files[path];
    if (file.is_null()) file = {{"source", read_source(root / path)}, {"tests", Json::array()}};
    file["tests"].push_back(
        {{"id", property->id},
         {"name", std::string(property->id) + ": " + problem::printable(property->claim, 400)},
         {"location", {{"start", position(std::max(property->line, 1), 1)}}}});
  }
  Json config{{"seed", card.seed}, {"generator", properties::kGeneratorVersion}};
  if (card.cases) config["cases"] = *card.cases;
  config["bugs"] = matrix_json(card);
  config["lists"] = lists_json(card);
  const Json report{{"schemaVersion", "2.0"},
                    {"thresholds", {{"high", 100}, {"low", 90}}},
                    {"framework", {{"name", "attest"}}},
                    {"config", {{"attest", std::move(config)}}},
                    {"files", std::move(files)},
                    {"testFiles", std::move(test_files)}};
  // A byte that is no UTF-8 in a source must not keep the report from being written.
  return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace attest::campaign
