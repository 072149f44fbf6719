#include "kernels/simt/rewrite/rewrite.h"

#include <algorithm>
#include <array>

#include "kernels/simt/rewrite/source.h"

namespace attest::simt::rewrite {
namespace {

// Whether the { at token i opens a function's body, as far as one can tell from what is before it.
bool begins_body(const Source& source, std::size_t i) {
  constexpr std::array<std::string_view, 7> kBefore = {")",    "const", "noexcept", "mutable",
                                                       "else", "do",    "try"};
  const std::size_t p = source.previous(i);
  if (p == kNone) return false;
  return std::any_of(kBefore.begin(), kBefore.end(),
                     [&](std::string_view word) { return source.is(p, word); });
}

Edit inline_assembly(const Source& source, std::size_t i) {
  std::size_t open = source.next(i);
  while (source.is(open, "volatile") || source.is(open, "__volatile__") ||
         source.is(open, "goto") || source.is(open, "inline")) {
    open = source.next(open);
  }
  const std::size_t close = source.is(open, "(") ? source.closing(open) : kNone;
  if (close == kNone) source.fail(i, "inline assembly that is not asm(...)");
  Edit edit{i, close + 1,
            "static_assert(false, \"attest: inline PTX cannot run on the CPU: put it under #ifdef "
            "__CUDACC__ beside a branch in C++, or use attest_ptx.h\")"};
  source.keep_lines(edit);
  return edit;
}

std::string quoted(const std::string& path) {
  std::string text = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace

std::string rewrite(std::string_view text, const std::string& path) {
  const Source source{path, tokenise(text)};
  std::string out = "#include <cuda_runtime.h>\n#line 1 " + quoted(path) + '\n';
  std::vector<bool> body;  // of each open {
  std::size_t written = 0;
  const auto copy_to = [&](std::size_t end) {
    for (; written < end; ++written) out += source.tokens[written].text;
  };
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const Token& t = source.tokens[i];
    if (!t.significant()) continue;
    const bool inside = !body.empty() && body.back();
    if (t.is("{")) {
      body.push_back(inside || begins_body(source, i));
      continue;
    }
    if (t.is("}") && !body.empty()) {
      body.pop_back();
      continue;
    }
    if (t.is("__managed__")) source.fail(i, "__managed__ memory is not supported on the CPU");
    if (t.is("__cluster_dims__")) source.fail(i, "clusters are not supported on the CPU");
    const bool shared = t.is("__shared__");
    if (shared && !inside) {
      source.fail(i, "__shared__ outside of a function: declare it in the kernel that uses it");
    }
    if (!shared && !t.is("<<<") && !t.is("asm") && !t.is("__asm__")) continue;
    const Edit edit = shared        ? shared_declaration(source, i)
                      : t.is("<<<") ? kernel_launch(source, i)
                                    : inline_assembly(source, i);
    if (edit.begin < written) source.fail(i, "a launch inside of another one");
    copy_to(edit.begin);
    out += edit.text;
    written = edit.end;
    i = edit.end - 1;
  }
  copy_to(source.tokens.size());
  return out;
}

}  // namespace attest::simt::rewrite
