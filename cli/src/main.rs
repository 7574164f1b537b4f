//! The command `ddrmjpeg`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ddrmjpeg_cli::main()
}
