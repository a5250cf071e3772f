//! The program: reads the command line, hands over to the command, ends with its exit code.

use std::process::ExitCode;

use ahtop::{
    cli::{Cli, Command},
    commands::{check, complain, config, man},
    config::Env,
    exit::Exit,
};

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(e) => {
            // Help, version and usage errors; a closed pipe behind them is no news.
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    let env = Env::process();
    let flags = &cli.options.0;
    let exit = match cli.command {
        Some(Command::Config { command }) => config::run(command, flags, &env).print(),
        Some(Command::Check(args)) if !args.live => check::lint(flags, &env).0.print(),
        Some(Command::Man) => man::run().print(),
        _ => {
            complain("ahtop: this build does not have that command");
            Exit::Unexpected
        }
    };
    exit.into()
}
