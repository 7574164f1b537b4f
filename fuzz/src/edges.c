/* Coverage of C code that GCC compiled with -fsanitize-coverage=trace-pc, in the counters that
 * libFuzzer reads beside its own. Clang's inline counters would need clang.
 *
 * The linker puts __wrap_ in front of the name, since libFuzzer has a function of that name, which
 * does nothing. */

#include <stdint.h>

#define COUNTERS (1u << 16)

__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[COUNTERS];

__attribute__((no_sanitize_coverage, no_sanitize_address)) void __wrap___sanitizer_cov_trace_pc(void) {
    uintptr_t pc = (uintptr_t)__builtin_return_address(0);
    uint8_t *counter = &counters[(pc ^ (pc >> 16)) & (COUNTERS - 1)];
    if (*counter != UINT8_MAX) {
        ++*counter;
    }
}

/* Comparisons of floating-point numbers: libFuzzer has no use for them. */
__attribute__((no_sanitize_coverage, no_sanitize_address)) void __sanitizer_cov_trace_cmpf(float a, float b) {
    (void)a;
    (void)b;
}

__attribute__((no_sanitize_coverage, no_sanitize_address)) void __sanitizer_cov_trace_cmpd(double a, double b) {
    (void)a;
    (void)b;
}
