// The record of a campaign, from its options and its report.
#pragma once

#include <string>

#include "campaign/campaign.h"
#include "campaign/run/record.h"

namespace attest::campaign {

/// What decides which cases `options` draw and how they are judged. Reads the program and the
/// plug-ins, for their hashes. Throws: SystemError when one cannot be read.
RunIdentity identity_of(const Options& options);

/// The record of what `report` says so far, the waivers of `options` applied. With a state other
/// than kRunning it has an exit code.
RunRecord make_record(const Options& options, const Report& report, RunState state);

/// The exit code of a run that ended.
int exit_code_of(const Options& options, const Report& report);

/// Now, as Report::started has it.
std::string utc_now();

/// How a run ended.
RunState state_of(const Report& report);

}  // namespace attest::campaign
