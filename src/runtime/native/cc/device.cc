// Streams and capabilities of a CUDA device, through the interfaces that all of libtorch's devices
// share: building this needs no CUDA headers, and loading it no card. Called by ffi.rs only.

#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "guarded.h"

namespace {

using c10::impl::VirtualGuardImpl;

c10::Device cuda(int index) {
  return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
}

}  // namespace

extern "C" {

// Gives the calling thread a stream of its own on the device.
char* dt_own_stream(int index) {
  return guarded([&] {
    const VirtualGuardImpl guard(c10::DeviceType::CUDA);
    guard.exchangeStream(guard.getStreamFromGlobalPool(cuda(index)));
  });
}

// Waits for all work of the calling thread's stream on the device.
char* dt_wait(int index) {
  return guarded([&] {
    const VirtualGuardImpl guard(c10::DeviceType::CUDA);
    guard.synchronizeStream(guard.getStream(cuda(index)));
  });
}

// Whether the device convolves bf16 in hardware.
char* dt_convolves_bf16(int index, int* out) {
  return guarded([&] {
    // The hook reports about the current device.
    const c10::DeviceGuard current(cuda(index));
    *out = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8() ? 1 : 0;
  });
}
}
