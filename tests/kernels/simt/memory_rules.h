// Kernels that access memory in ways mode check has an opinion on. All return the launch's error
// code.
#pragma once

namespace simt_memory {

/// Lines of memory_rules.cu.
struct Lines {
  int race_write, race_read, uninitialised, past_end;
};
extern const Lines kLines;

// Within a block; data[64] or more.
int race_in_shared(int* out);
int race_in_global(int* data);
int ordered_by_barrier(int* data);
int ordered_by_syncwarp(int* data);
int shuffles_as_barrier(int* data);
int syncwarp_of_others(int* data);
int atomics_together(int* data);
int atomic_and_plain(int* data);
int halves_of_a_word(unsigned short* data);
int bytes_of_a_word(unsigned char* data);
int same_byte(unsigned char* data);

// What a read finds.
int read_shared_too_early(int* out);
int read_device(const int* in, int* out);
int read_past_end(const int* in, int* out, int count);
int write_before_begin(int* out);
int copy_structs(const void* in, void* out, int count);
int read_host_memory(const int* host, int* out);
int read_tables(int* out);
int local_arrays(int* out);
int asynchronous_copy_overtaken(const float* in, float* out);

// Between blocks. total = the sum that the last block makes.
int last_block_sums(const int* in, int* partial, unsigned* ticket, int* total, int blocks);
int last_block_fence_before_barrier(const int* in, int* partial, unsigned* ticket, int* total,
                                    int blocks);
int last_block_without_fence(const int* in, int* partial, unsigned* ticket, int* total, int blocks);
int last_block_without_ticket(const int* in, int* partial, int* total, int blocks);
int blocks_write_same(int* out, int blocks);
int two_launches(int* out, int blocks);

}  // namespace simt_memory
