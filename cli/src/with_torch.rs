//! `ddrmjpeg-torch`: the same command, built with libtorch. `ddrmjpeg` becomes this one for what
//! needs libtorch, and asks it for published networks and for CUDA.

use std::process::ExitCode;

fn main() -> ExitCode {
    ddrmjpeg_cli::main()
}
