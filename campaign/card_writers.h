// The report card as text, as Markdown, as a Stryker report and as a picture; and all of it on
// disk. Names and messages of kernels are made safe for each.
#pragma once

#include <filesystem>
#include <string>

#include "campaign/card.h"

namespace attest::campaign {

/// For a terminal of 120 columns: kills by family, what is not killed and why, first kills with the
/// lines that replay them, and what the card says about the properties.
/// `command`: what the person types for attest.
std::string card_text(const Card& card, const std::string& command);

/// "16 of 16 planted bugs killed; ..." and how long it took.
std::string card_totals(const Card& card);

/// The kills by family as a Markdown table, and the lists under it, for docs/planted-bugs.md. No
/// times.
std::string card_markdown(const Card& card);

/// The kill matrix, bugs by properties, as one SVG that needs nothing else and follows a reader's
/// dark mode. No times.
std::string card_svg(const Card& card);

/// Where the sources of built-in kernels and properties are, for the report to quote.
/// The checkout this program was built from, if it is still there.
std::filesystem::path source_root();

/// mutation-testing-report-schema 2 (stryker-mutator/mutation-testing-elements): bugs are mutants,
/// properties are tests. `config.attest` holds the whole matrix, with cases. Quotes sources below
/// `root`; one that cannot be read is quoted as nothing.
std::string card_stryker(const Card& card, const std::filesystem::path& root);

/// Writes cases/*.case.json, mutation-report.json, kill-matrix.md, kill-matrix.svg and mutants.txt
/// into `folder`, each whole or not at all. Enters into the card where cases went and the first
/// thing that could not be written.
void write_card(Card& card, const std::filesystem::path& folder, const std::string& command);

}  // namespace attest::campaign
