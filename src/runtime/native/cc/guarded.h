// Keeps exceptions inside the shims: every function returns null, or a message that the caller
// frees with dt_free.

#pragma once

#include <cstring>
#include <exception>

template <typename F>
char* guarded(F&& work) noexcept {
  try {
    work();
    return nullptr;
  } catch (const std::exception& e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("an exception that is no std::exception");
  }
}
