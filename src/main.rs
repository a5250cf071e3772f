//! The program: reads the command line, hands over to the command, ends with its exit code.

use std::process::ExitCode;

use ahtop::{
    cli::{Cli, Command},
    commands::{
        Failure, check, completions, config, dashboard, discover, doctor, history, hook, live, log_trouble, man, once,
        plan, print_error, replay, serve, simulate, snapshot, start_log, start_service_log, store, stream, token, wall,
    },
    config::Env,
    exit::Exit,
};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    without_core_dump();
    let env = Env::process();
    if let Some(exit) = completions::answer(std::env::args_os(), &env) {
        return exit.into();
    }
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(e) => {
            // Help, version and usage errors; a closed pipe behind them is no news.
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    // One thread for everything that waits; the store's calls and name look-ups have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run(cli, &env));
            // A store call or a look-up that hangs does not keep the program from ending.
            runtime.shutdown_background();
            result
        }
        Err(e) => Err(e.into()),
    };
    let exit = result.unwrap_or_else(|Failure { exit, message }| {
        print_error(&message);
        exit
    });
    if let Some(why) = log_trouble() {
        print_error(&format!("ahtop: {why}"));
    }
    exit.into()
}

/// A core dump would hold the key and the token. Where the system refuses this, the program runs all the same.
fn without_core_dump() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

async fn run(cli: Cli, env: &Env) -> Result<Exit, Failure> {
    // A file that may not grow any more (`ulimit -f`) is an error like a full disk. Uncaught, the signal would kill.
    let _caught = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    let flags = &cli.options.0;
    match &cli.command {
        None | Some(Command::Once(_) | Command::Stream | Command::Check(_)) => start_log(env),
        Some(Command::Serve) => start_service_log(env),
        Some(_) => {}
    }
    Ok(match cli.command {
        None => dashboard::run(flags, env).await?,
        Some(Command::Once(args)) => once::run(&args, flags, env).await?,
        Some(Command::Stream) => stream::run(flags, env).await?,
        Some(Command::Serve) => serve::run(flags, env).await?,
        Some(Command::Doctor(args)) => doctor::run(&args, flags, env).await.print(),
        Some(Command::Token { command }) => token::run(command, flags, env).print(),
        Some(Command::Check(args)) if args.live => live::run(&args, flags, env).await?,
        Some(Command::Check(args)) => check::run(&args, flags, env).print(),
        Some(Command::Discover(args)) => discover::run(&args, flags, env).await?.print(),
        Some(Command::Config { command }) => config::run(command, flags, env).await.print(),
        Some(Command::Plan(args)) => plan::run(args.format, flags, env).print(),
        Some(Command::Hook { command }) => hook::run(&command, flags, env).await.print(),
        Some(Command::History { command }) => history::run(&command, flags, env)?,
        Some(Command::Store { command }) => store::run(&command, flags, env)?.print(),
        Some(Command::Report(args)) => history::shift(&args, flags, env)?,
        Some(Command::Replay(args)) => replay::run(&args, flags, env).await?,
        Some(Command::Sim(args)) => simulate::serve(&args).await?,
        Some(Command::Demo(args)) => simulate::demo(&args, flags, env).await?,
        Some(Command::Wall) => wall::run(flags, env).await?,
        Some(Command::Snapshot(args)) => snapshot::run(&args, flags, env)?.print(),
        Some(Command::Completions(args)) => completions::run(&args).print(),
        Some(Command::Man(args)) => man::run(&args).print(),
    })
}
