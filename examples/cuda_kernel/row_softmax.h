// Softmax of each row. x, y [rows, columns]; device pointers. Returns a cudaError_t.
#pragma once

#define ROW_SOFTMAX(name) extern "C" int name(const float* x, float* y, int rows, int columns)
ROW_SOFTMAX(row_softmax);
