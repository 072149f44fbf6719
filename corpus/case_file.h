// Case files (*.case.json): everything needed to run one check again, bit for bit, as text that a
// person can read, edit and file. docs/case-format.md describes every field.
//
// Guarantees: parse_case(write_case(c)) == c; equal cases give equal bytes; a file is read under
// caps and every number is checked; no text of a file is ever used as a path.
// Does not: run anything, or say whether a case still fails.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "problem/case.h"

namespace attest::corpus {

/// Changes whenever an old file would be read as another case.
inline constexpr int kCaseFormat = 1;

inline constexpr std::string_view kCaseSuffix = ".case.json";
inline constexpr std::size_t kMaxCaseBytes = std::size_t{16} << 20;

/// The canonical text: fixed key order and layout, defaults left out, a line break at the end.
/// Throws: ContractError for a case no file can hold (no call, a mask of the wrong size).
std::string write_case(const problem::Case& value);

/// The same on one line, without a line break: an entry of cases.jsonl.
std::string write_case_line(const problem::Case& value);

/// The case of `text`, well formed by problem::find_error. `path` is used in messages only.
/// Throws: CorpusError with one line: path, field (or line and column), expected, got.
problem::Case parse_case(std::string_view text, const std::string& path);

/// Throws: CorpusError also when `path` is no readable regular file of at most kMaxCaseBytes.
problem::Case read_case(const std::filesystem::path& path);

/// Writes the canonical text; after an error or a crash `path` is what it was before.
/// Throws: ContractError when the text would not read back as the same case; SystemError when the
/// file cannot be written.
void save_case(const problem::Case& value, const std::filesystem::path& path);

/// 16 hex digits: XXH64 of the one-line text without expected, shrink and note. Two cases have one
/// hash when they ask for the same check on the same contents.
std::string content_hash(const problem::Case& value);

/// Name of the case, without directory and kCaseSuffix: the property with dashes for dots, then the
/// hash: "causality-future-0123456789abcdef". Cases of one property sort together.
std::string case_name(const problem::Case& value);

/// The case files in a directory and below, sorted by path; a file that is no directory is listed
/// alone, whatever its name. Links to directories are not followed.
/// Throws: CorpusError when there is nothing of that name or a directory may not be read.
std::vector<std::filesystem::path> list_cases(const std::filesystem::path& directory);

}  // namespace attest::corpus
