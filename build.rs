//! Compiles the shims over libjpeg, oneDNN and, with the feature `torch`, libtorch, and tells the
//! linker where that is, for this package's tests, examples and benches.
//!
//! Each concern is one function. Nothing is fetched here: `make setup` does that.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    compile_jpeg_shim();
    compile_onednn_shim();
    let Some(folder) = env::var_os("DEP_TCH_LIBTORCH_LIB") else {
        return; // built without the feature `torch`
    };
    let folder = PathBuf::from(folder);
    compile_torch_shim(&folder);
    find_libtorch_at_run_time(&folder);
}

/// The shim that keeps libjpeg's longjmp on the C side; headers from mozjpeg-sys.
fn compile_jpeg_shim() {
    for file in ["shim.c", "ledger.c", "ledger.h", "packed.c", "packed.h"] {
        println!("cargo::rerun-if-changed=src/jpeg/file/{file}");
    }
    let include = env::var_os("DEP_JPEG_INCLUDE").expect("mozjpeg-sys tells where its headers are");
    cc::Build::new()
        .file("src/jpeg/file/shim.c")
        .file("src/jpeg/file/ledger.c")
        .file("src/jpeg/file/packed.c")
        .includes(env::split_paths(&include))
        .warnings(true)
        .compile("ddrmjpeg_shim");
}

/// The shim over oneDNN's C++ interface, which keeps its exceptions on the C++ side; headers and
/// library from the distribution's package, or from the folder `DNNL_ROOT`.
fn compile_onednn_shim() {
    println!("cargo::rerun-if-changed=src/runtime/onednn/shim.cc");
    println!("cargo::rerun-if-env-changed=DNNL_ROOT");
    let root = env::var_os("DNNL_ROOT").map(PathBuf::from);
    let mut shim = cc::Build::new();
    if let Some(root) = &root {
        shim.include(root.join("include"));
        println!(
            "cargo::rustc-link-search=native={}",
            root.join("lib").display()
        );
    }
    let built = shim
        .cpp(true)
        .std("c++17")
        .file("src/runtime/onednn/shim.cc")
        // Its templates must not be taken for those of another oneDNN in the process.
        .flag("-fvisibility=hidden")
        .flag("-fopenmp")
        .warnings(true)
        .try_compile("ddrmjpeg_onednn_shim");
    if let Err(why) = built {
        println!("cargo::error=oneDNN: {why}");
        println!(
            "cargo::error=the shim over oneDNN does not compile. Its headers are in Debian's and \
             Ubuntu's package libdnnl-dev (Fedora: onednn-devel); or set DNNL_ROOT to a folder with \
             include/oneapi/dnnl/dnnl.hpp and lib/libdnnl.so of version 2.6 or later"
        );
    }
    println!("cargo::rustc-link-lib=dnnl");
    println!("cargo::rustc-link-lib=gomp");
}

/// The shims over what libtorch's C API leaves out; headers from beside its libraries, or
/// from where torch-sys was told to find them.
fn compile_torch_shim(libraries: &Path) {
    println!("cargo::rerun-if-changed=src/runtime/native/cc/shim.cc");
    println!("cargo::rerun-if-changed=src/runtime/native/cc/allocator.cc");
    println!("cargo::rerun-if-changed=src/runtime/native/cc/device.cc");
    println!("cargo::rerun-if-changed=src/runtime/native/cc/guarded.h");
    println!("cargo::rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo::rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let root = env::var_os("LIBTORCH_INCLUDE").map(PathBuf::from);
    let root = root.unwrap_or_else(|| libraries.join(".."));
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".into());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .file("src/runtime/native/cc/shim.cc")
        .file("src/runtime/native/cc/allocator.cc")
        .file("src/runtime/native/cc/device.cc")
        .define("_GLIBCXX_USE_CXX11_ABI", &*abi)
        .include(root.join("include"))
        // Its parallel loops are templates, and plain loops without this.
        .flag("-fopenmp")
        // libtorch's own headers would drown the shim's warnings.
        .warnings(false)
        .compile("ddrmjpeg_torch_shim");
    // The one that libtorch brings along has the same name, and only one is loaded.
    println!("cargo::rustc-link-lib=gomp");
}

/// A RUNPATH to the libtorch that torch-sys was built with, for tests, examples and benches.
/// Dependents read the folder as `DEP_DDRMJPEG_LIBTORCH_LIB`.
fn find_libtorch_at_run_time(folder: &Path) {
    let folder = folder.display().to_string();
    println!("cargo::metadata=libtorch_lib={folder}");
    println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
}
