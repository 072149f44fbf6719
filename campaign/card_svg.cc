// card_svg() of campaign/card_writers.h.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "campaign/card_writers.h"
#include "campaign/table.h"

namespace attest::campaign {
namespace {

// Pixels. Text is monospaced, so that its width is known.
constexpr int kCell = 12;
constexpr int kStep = 14;
constexpr int kFamilyGap = 7;
constexpr int kMargin = 18;
constexpr int kHeadHeight = 96;  ///< title and legend
constexpr double kCharacter = 6.65;

/// Cells by how soon they kill, strongest first; the last takes the rest.
struct Shade {
  const char* name;
  std::uint64_t cases;
  const char* legend;
};
constexpr std::array<Shade, 4> kShades{
    {{"k1", 3, "3 cases"}, {"k2", 20, "20"}, {"k3", 100, "100"}, {"k4", UINT64_MAX, "more"}}};

constexpr const char* kStyle = R"(<style>
text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}
.title{font-size:15px;font-weight:bold}.muted{fill:#656d76}.bad{fill:#b42318;font-weight:bold}
.end{text-anchor:end}.bg{fill:#ffffff}.line{stroke:#d8dee4;stroke-width:1;fill:none}
.k1{fill:#0b4f6c}.k2{fill:#2a7f9e}.k3{fill:#6db3cd}.k4{fill:#b3dbe8}
.reached{fill:#e9edf1}.unreached{fill:#c3cad2}.first{fill:#ffb000;stroke:#5c3d00;stroke-width:.8}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.muted{fill:#8d96a0}.bad{fill:#ff7b72}.bg{fill:#0d1117}.line{stroke:#30363d}
.k1{fill:#a8e4f5}.k2{fill:#54b4d3}.k3{fill:#2b7a96}.k4{fill:#1b4a5c}
.reached{fill:#1d232b}.unreached{fill:#3d444d}.first{fill:#ffb000;stroke:#2b1d00}}
</style>
)";

/// Names and claims are text from outside: only ASCII, and nothing that XML reads as its own.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return safe;
}

int text_width(std::string_view text) {
  return static_cast<int>(kCharacter * static_cast<double>(text.size())) + 1;
}

std::string square(int x, int y, int size) {
  return fmt::format("M{} {}h{}v{}h-{}z", x, y, size, size, size);
}

/// One path per kind of cell: thousands of elements would make a file of megabytes.
struct Paths {
  std::array<std::string, kShades.size()> kills;
  std::string reached, unreached, first;

  void add(const CardPair& pair, bool is_first, int x, int y) {
    if (pair.killed_at) {
      std::size_t shade = 0;
      while (*pair.killed_at >= kShades[shade].cases) ++shade;
      kills[shade] += square(x, y, kCell);
      if (is_first) first += fmt::format("M{} {}l4 4l-4 4l-4-4z", x + kCell / 2, y + kCell / 2 - 4);
    } else if (pair.reached > 0) {
      reached += square(x, y, kCell);
    } else {
      unreached += square(x + kCell / 2 - 1, y + kCell / 2 - 1, 2);
    }
  }

  std::string svg() const {
    std::string text;
    const auto path = [&](const char* name, const std::string& data) {
      if (!data.empty()) text += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", name, data);
    };
    path("reached", reached);
    path("unreached", unreached);
    for (std::size_t i = 0; i < kShades.size(); ++i) path(kShades[i].name, kills[i]);
    path("first", first);
    return text;
  }
};

class Picture {
 public:
  explicit Picture(const Card& card) : card_(card) {
    for (const CardBug& bug : card.bugs) {
      names_ = std::max(names_, text_width(bug.name()));
    }
    std::size_t longest = 0;
    for (const properties::Property* property : card.properties) {
      longest = std::max(longest, property->id.size());
    }
    left_ = kMargin + names_ + 10;
    top_ = kMargin + kHeadHeight + text_width(std::string(longest, 'x')) + 6;
    int x = left_;
    for (std::size_t i = 0; i < card.properties.size(); ++i) {
      const bool new_family =
          i > 0 && family_of(*card.properties[i]) != family_of(*card.properties[i - 1]);
      if (new_family) x += kFamilyGap;
      columns_.push_back(x);
      x += kStep;
    }
    right_ = x + 8;
    width_ = std::max(right_ + 3 * kStep + text_width("no property applies") / 2 + kMargin, 760);
    height_ = top_ + static_cast<int>(card.bugs.size()) * kStep + kMargin;
  }

  std::string svg() {
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" role=\"img\">\n<title>Kill matrix of planted bugs and properties</title>\n",
        width_, height_);
    text += kStyle;
    text += fmt::format("<rect class=\"bg\" width=\"{}\" height=\"{}\"/>\n", width_, height_);
    return text + head() + column_labels() + rows() + "</svg>\n";
  }

 private:
  static std::string label(int x, int y, const char* style, const std::string& safe) {
    return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, style, safe);
  }

  std::string head() const {
    const std::vector<std::int64_t> cases = cases_to_first_kill(card_);
    std::string summary = fmt::format("{} of {} planted bugs killed", card_.killed(),
                                      grouped(static_cast<std::int64_t>(card_.bugs.size())));
    if (!cases.empty()) {
      summary += fmt::format("; cases to the first kill: median {}, most {}",
                             grouped(cases[(cases.size() - 1) / 2]), grouped(cases.back()));
    }
    std::string text = label(kMargin, kMargin + 14, "title", "Which property kills which bug");
    text += label(kMargin, kMargin + 34, "muted", escaped(summary));
    const int y = kMargin + 50;
    int x = kMargin;
    const auto item = [&](const std::string& shape, const std::string& words) {
      text += shape + label(x + kCell + 6, y + 10, "muted", words);
      x += kCell + 18 + text_width(words);
    };
    const auto cell = [&](const char* style, int inset) {
      return fmt::format("<path class=\"{}\" d=\"{}\"/>", style,
                         square(x + inset, y + inset, kCell - 2 * inset));
    };
    text += label(x, y + 10, "muted", "kills within");
    x += text_width("kills within") + 8;
    for (const Shade& shade : kShades) item(cell(shade.name, 0), shade.legend);
    item(fmt::format("<path class=\"first\" d=\"M{} {}l4 4l-4 4l-4-4z\"/>", x + kCell / 2,
                     y + kCell / 2 - 4),
         "first kill");
    x = kMargin;
    const int next_line = 20;
    text += fmt::format("<g transform=\"translate(0 {})\">\n", next_line);
    item(cell("reached", 0), "runs the altered line, does not kill");
    item(cell("unreached", 5), "never runs it");
    text += label(x, y + 10, "muted", "blank: does not apply") + "</g>\n";
    return text;
  }

  std::string column_labels() const {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view id = card_.properties[i]->id;
      const std::size_t dot = std::min(id.find('.'), id.size());
      text += fmt::format(
          "<text transform=\"translate({} {}) rotate(-90)\"><tspan class=\"muted\">{}</tspan>{}"
          "</text>\n",
          columns_[i] + kCell - 2, top_ - 6, escaped(id.substr(0, dot)), escaped(id.substr(dot)));
    }
    text += label(right_, top_ - 6, "muted", "cases");
    return text;
  }

  std::string rows() const {
    std::string text;
    Paths paths;
    for (std::size_t b = 0; b < card_.bugs.size(); ++b) {
      const CardBug& bug = card_.bugs[b];
      const int y = top_ + static_cast<int>(b) * kStep;
      if (b % 5 == 0) {
        text += fmt::format("<path class=\"line\" d=\"M{} {}.5H{}\"/>\n", kMargin, y - 2,
                            width_ - kMargin);
      }
      const bool killed = bug.fate() == Fate::kKilled;
      text += label(left_ - 8, y + 10, killed ? "end" : "end bad", escaped(bug.name()));
      text += label(right_, y + 10, killed ? "muted" : "bad",
                    killed ? grouped(bug.first->cases) : std::string(name_of(bug.fate())));
      for (std::size_t i = 0; i < bug.pairs.size(); ++i) {
        const auto column =
            std::find(card_.properties.begin(), card_.properties.end(), bug.pairs[i].property) -
            card_.properties.begin();
        paths.add(bug.pairs[i], bug.first && bug.first->pair == i,
                  columns_[static_cast<std::size_t>(column)], y);
      }
    }
    return text + paths.svg();
  }

  const Card& card_;
  std::vector<int> columns_;  ///< x of each property
  int names_ = 0, left_ = 0, top_ = 0, right_ = 0, width_ = 0, height_ = 0;
};

}  // namespace

std::string card_svg(const Card& card) { return Picture(card).svg(); }

}  // namespace attest::campaign
