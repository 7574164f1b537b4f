//! With the feature `torch`, a RUNPATH to libtorch: to the installed one, then to that which the
//! library was built with.

/// Where `make install` puts libtorch, seen from `ddrmjpeg-torch` in PREFIX/libexec/ddrmjpeg. It comes
/// first, so that what is installed does not depend on the tree it was built in.
const INSTALLED: &str = "$ORIGIN/../../lib/ddrmjpeg";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_DDRMJPEG_LIBTORCH_LIB") else {
        return;
    };
    println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags");
    for place in [INSTALLED, &folder] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{place}");
    }
}
