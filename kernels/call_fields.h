// Everything of a call that has memory, by name: the one list of the tensors and integer arrays in
// the structs of attest_kernel.h. Not in it: workspace, which has no struct of its own, and the
// states of a merge, which are an array.
//
// `visit` is called as visit(name, tensor, written) and visit(name, ints); `written` says that the
// call writes the tensor and reads nothing of it. Calls may be const or not.
#pragma once

#include "kernels/attest_kernel.h"

namespace attest::kernels {

template <typename State, typename Visit>
void state_fields(State& state, bool written, const Visit& visit) {
  visit("state.o", state.o, written);
  visit("state.lse", state.lse, written);
  visit("state.l", state.l, written);
}

template <typename Attend, typename Visit>
void attend_fields(Attend& call, const Visit& visit) {
  visit("cu_seqlens_q", call.cu_seqlens_q);
  visit("kv_len", call.kv_len);
  visit("start_pos", call.start_pos);
  visit("cu_seqlens_k", call.cu_seqlens_k);
  visit("block_table", call.block_table);
  visit("block_indptr", call.block_indptr);
  visit("block_indices", call.block_indices);
  visit("last_page_len", call.last_page_len);
  visit("tree_indptr", call.tree_indptr);
  visit("tree_parent", call.tree_parent);
  visit("custom_mask_indptr", call.custom_mask_indptr);
  visit("bias_indptr", call.bias_indptr);
  visit("q", call.q, false);
  visit("k", call.k, false);
  visit("v", call.v, false);
  visit("custom_mask", call.custom_mask, false);
  visit("alibi_slopes", call.alibi_slopes, false);
  visit("bias", call.bias, false);
  visit("sinks", call.sinks, false);
  visit("q_scale", call.q_scale, false);
  visit("k_scale", call.k_scale, false);
  visit("v_scale", call.v_scale, false);
  visit("o_scale", call.o_scale, false);
  visit("o", call.o, true);
  visit("lse", call.lse, true);
}

template <typename Partial, typename Visit>
void partial_fields(Partial& partial, const Visit& visit) {
  attend_fields(partial.call, visit);
  visit("kv_begin", partial.kv_begin);
  visit("kv_end", partial.kv_end);
  state_fields(partial.out, true, visit);
}

template <typename Append, typename Visit>
void append_fields(Append& append, const Visit& visit) {
  visit("k_new", append.k_new, false);
  visit("v_new", append.v_new, false);
  visit("slot_mapping", append.slot_mapping, false);
  visit("k", append.k, false);
  visit("v", append.v, false);
  visit("k_scale", append.k_scale, false);
  visit("v_scale", append.v_scale, false);
}

template <typename AppendAttend, typename Visit>
void append_attend_fields(AppendAttend& both, const Visit& visit) {
  attend_fields(both.call, visit);
  visit("k_new", both.k_new, false);
  visit("v_new", both.v_new, false);
  visit("rotary_cos", both.rotary_cos, false);
  visit("rotary_sin", both.rotary_sin, false);
}

}  // namespace attest::kernels
