// What a campaign prints when it is over: failures, a table with a row per kernel, totals.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/campaign.h"

namespace attest::campaign {

/// Columns padded to their widest cell, two blanks between; the first row is the heading. Columns
/// after the first whose cells are all numbers or empty are flush right.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

/// `items` separated by commas in lines of at most 100 columns; the first begins with `first`, the
/// others with `indent`.
std::string folded(const std::string& first, const std::vector<std::string>& items,
                   const std::string& indent);

std::string duration_text(std::chrono::milliseconds time);  ///< "850 ms", "12.3 s", "4 min 05 s"
std::string grouped(std::int64_t count);                    ///< "12,345"
std::string ratio_text(double ratio);                       ///< "0.41", "3.2e+05", "inf"
std::string plural(std::int64_t count, std::string_view noun);  ///< "1 case", "2 cases"

std::string_view stop_text(Stop stop);  ///< "cases done", "time"

/// "2 sequences, 5 query rows, 9 keys, 4 query heads on 2, head_dim 8, pages of 4".
std::string size_text(const problem::Case& value);
/// What a case with a history needs before it: "2 checks before it, the last one padding.page_tail:
/// 1 sequence, ...".
std::string history_text(const problem::Case& value);
/// "o[sequence 0, row 3, head 1, lane 5] in page 7"
std::string where_text(const problem::Where& where);
/// "o[...] = 0.25, statistically expected 0.2501 +- 3e-05: 3.3 times that, again in 5 of 5
/// repetitions"
std::string suspicion_text(const problem::Suspicion& suspicion);
/// A path as it can be pasted into a shell.
std::string shell_word(const std::string& text);

/// The line that replays a saved failure. `command`: what the person types for attest.
std::string replay_line(const std::string& command, const kernels::KernelInfo* kernel,
                        const std::filesystem::path& path);

std::string failure_text(const Options& options, const Failure& failure,
                         const std::string& command);
std::string suspicious_text(const Options& options, const SuspiciousCase& suspicious,
                            const std::string& command);
/// Stored cases: one line in all when every one of them holds, else also a line per exception.
std::string stored_text(const Options& options, const Report& report, const std::string& command);
std::string closing_table(const Options& options, const Report& report);
std::string totals_text(const Report& report);

/// All of it, in this order.
std::string report_text(const Options& options, const Report& report, const std::string& command);

}  // namespace attest::campaign
