// kernel<<<grid, block, shared, stream>>>(arguments).
#include "kernels/simt/rewrite/source.h"

namespace attest::simt::rewrite {
namespace {

// Where the expression before <<< begins: [::] name [<...>] [:: name [<...>]]..., or (...).
std::size_t kernel_begin(const Source& source, std::size_t launch) {
  std::size_t at = source.previous(launch);
  if (at == kNone) source.fail(launch, "<<< without a kernel before it");
  if (source.is(at, ")")) {
    const std::size_t open = source.opening(at);
    if (open == kNone) source.fail(launch, "unbalanced brackets before <<<");
    return open;
  }
  while (true) {
    if (source.is(at, ">")) {
      const std::size_t open = source.opening(at);
      at = open == kNone ? kNone : source.previous(open);
    }
    if (at == kNone || source.tokens[at].kind != TokenKind::kIdentifier) {
      source.fail(launch, "before <<< comes the name of a kernel, with template arguments if any");
    }
    const std::size_t colons = source.previous(at);
    if (!source.is(colons, "::")) return at;
    const std::size_t scope = source.previous(colons);
    const bool named = scope != kNone && (source.tokens[scope].kind == TokenKind::kIdentifier ||
                                          source.is(scope, ">"));
    if (!named || source.is(scope, "return") || source.is(scope, "else")) return colons;
    at = scope;
  }
}

}  // namespace

Edit kernel_launch(const Source& source, std::size_t i) {
  const std::size_t begin = kernel_begin(source, i);
  int depth = 0;
  std::size_t close = i + 1;
  for (; close < source.tokens.size(); ++close) {
    const Token& t = source.tokens[close];
    if (t.is("(") || t.is("[") || t.is("{")) ++depth;
    if (t.is(")") || t.is("]") || t.is("}")) --depth;
    if (depth == 0 && t.is(">>>")) break;
    if (depth < 0 || t.is(";")) source.fail(i, "<<< without its >>>");
  }
  if (close >= source.tokens.size()) source.fail(i, "<<< without its >>>");
  const std::size_t open = source.next(close);
  if (!source.is(open, "(")) source.fail(i, "a launch without its arguments");
  const std::size_t end = source.closing(open);
  if (end == kNone) source.fail(i, "a launch whose arguments do not end");

  const std::string arguments = source.text(open + 1, end);
  const bool any = source.next(open) != end;
  Edit edit{begin, end + 1, ""};
  edit.text = "::attest::simt::launch_kernel(::attest::simt::configure(" +
              source.text(i + 1, close) + "), [=](auto... attest_simt_a) { " +
              source.text(begin, i) + "(attest_simt_a...); }" + (any ? ", " : "") + arguments + ")";
  source.keep_lines(edit);
  return edit;
}

}  // namespace attest::simt::rewrite
