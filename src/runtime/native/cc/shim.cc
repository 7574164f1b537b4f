// Features of libtorch that its C API does not expose: oneDNN's convolutions with prepacked weights
// and a fused sum, through the dispatcher, and libtorch's own threads.
//
// No exception leaves this file. Called by ffi.rs only.

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <omp.h>

#include <string>
#include <vector>

#include "guarded.h"

namespace {

using at::Tensor;
using torch::jit::Stack;

struct Geometry {
  int64_t padding;
  int64_t stride;
};

std::vector<int64_t> pair(int64_t value) { return {value, value}; }

// The operator `name`, looked up by its first caller; throws if this libtorch has none.
c10::OperatorHandle find(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

Tensor call(const c10::OperatorHandle& op, Stack& stack) {
  op.callBoxed(&stack);
  return stack.at(0).toTensor();
}

// padding, stride, dilation, groups: the same four for every convolution operator.
void push_geometry(Stack& stack, const Geometry& geometry) {
  stack.emplace_back(pair(geometry.padding));
  stack.emplace_back(pair(geometry.stride));
  stack.emplace_back(pair(1));
  stack.emplace_back(int64_t{1});
}

c10::IValue no_scalars() { return c10::List<std::optional<at::Scalar>>(); }

Tensor pack(const Tensor& weight, const Geometry& geometry, const int64_t* input_size) {
  static const auto op = find("mkldnn::_reorder_convolution_weight", "");
  Stack stack;
  stack.emplace_back(weight);
  push_geometry(stack, geometry);
  stack.emplace_back(std::vector<int64_t>(input_size, input_size + 4));
  return call(op, stack);
}

Tensor convolve(
    const Tensor& x, const Tensor& weight, const Tensor& bias, const Geometry& geometry) {
  static const auto op = find("mkldnn::_convolution_pointwise", "");
  Stack stack;
  stack.emplace_back(x);
  stack.emplace_back(weight);
  stack.emplace_back(bias);
  push_geometry(stack, geometry);
  stack.emplace_back(std::string("none"));
  stack.emplace_back(no_scalars());
  stack.emplace_back(std::string());
  return call(op, stack);
}

void convolve_onto(
    const Tensor& sum, const Tensor& x, const Tensor& weight, const Tensor& bias,
    const Geometry& geometry) {
  static const auto op = find("mkldnn::_convolution_pointwise_", "binary");
  Stack stack;
  stack.emplace_back(sum);
  stack.emplace_back(x);
  stack.emplace_back(weight);
  stack.emplace_back(bias);
  push_geometry(stack, geometry);
  stack.emplace_back(std::string("add"));
  stack.emplace_back(c10::IValue());
  stack.emplace_back(c10::IValue());
  stack.emplace_back(no_scalars());
  stack.emplace_back(c10::IValue());
  call(op, stack);
}

}  // namespace

extern "C" {

void dt_free(char* message) { free(message); }

// `weight` [out, in, kh, kw] in oneDNN's own order for inputs of `input_size` [4].
char* dt_pack(
    const Tensor* weight, const Geometry* geometry, const int64_t* input_size, Tensor** out) {
  return guarded([&] { *out = new Tensor(pack(*weight, *geometry, input_size)); });
}

// The convolution of `x` by a packed weight.
char* dt_convolve(
    const Tensor* x, const Tensor* weight, const Tensor* bias, const Geometry* geometry,
    Tensor** out) {
  return guarded([&] { *out = new Tensor(convolve(*x, *weight, *bias, *geometry)); });
}

// Adds the convolution of `x` to `sum`, in place.
char* dt_convolve_onto(
    const Tensor* sum, const Tensor* x, const Tensor* weight, const Tensor* bias,
    const Geometry* geometry) {
  return guarded([&] { convolve_onto(*sum, *x, *weight, *bias, *geometry); });
}

// work(context, from, to) for ranges that cover 0..count once, on libtorch's threads.
char* dt_parallel(
    int64_t count, int64_t grain, void (*work)(void*, int64_t, int64_t), void* context) {
  return guarded([&] {
    at::parallel_for(
        0, count, grain, [&](int64_t from, int64_t to) { work(context, from, to); });
  });
}

// work(context, 0, 1), in which libtorch uses only the calling thread.
char* dt_alone(void (*work)(void*, int64_t, int64_t), void* context) {
  return guarded([&] {
    at::get_num_threads();  // sets the thread's number when it is first asked for
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    work(context, 0, 1);
    omp_set_num_threads(threads);
  });
}
}
