//! Compiles what counts the C code's edges for libFuzzer.

fn main() {
    println!("cargo::rerun-if-changed=src/edges.c");
    println!("cargo::rustc-link-arg-bins=-Wl,--wrap=__sanitizer_cov_trace_pc");
    let mut build = cc::Build::new();
    // It must not count itself.
    build
        .file("src/edges.c")
        .flag_if_supported("-fno-sanitize-coverage=trace-pc,trace-cmp");
    build.compile("ddrmjpeg_fuzz_edges");
}
