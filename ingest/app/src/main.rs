//! `marsad`: a city's observatory. This file reads the command line and says how it ended.

mod air;
mod alert;
mod answer;
mod archive;
mod ask;
mod backtest;
mod backup;
mod bench;
mod broker;
mod certified;
mod city;
mod clerk;
mod cli;
mod codec;
mod cpu;
mod credential;
mod declaration;
mod decode;
mod demo;
mod desk;
mod device;
mod directory;
mod doctor;
mod door;
mod durable;
mod erasing;
mod failure;
mod fit;
mod fitting;
mod gate;
mod ground;
mod incident;
mod ledger;
mod memory;
mod moving;
mod observer;
mod opened;
mod operator;
mod parking;
mod past;
mod people;
mod platform;
mod prepare;
mod press;
mod profile;
mod progress;
mod provision;
mod quarantine;
mod recording;
mod report;
mod roster;
mod rota;
mod rounds;
mod rule;
mod rulebook;
mod run;
mod sbom;
mod sealed;
mod shut;
mod simulate;
mod subject;
mod teller;
mod tls;
mod vault;
mod verify;
mod waste;
mod watchman;
mod water;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use bench::Bench;
use clap::{CommandFactory, Parser};
use cli::{Cli, Command, Common, Demo, DemoCommand};
use failure::Failure;
use ground::Origin;
use settings::{Checked, Layers, LogFormat, Settings};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.common.json;
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // As `head` does: nothing is wrong, and there is nobody to tell.
        Err(failure) if failure.reader_gone => ExitCode::SUCCESS,
        Err(Failure { arguments: Some(error), .. }) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE))
        }
        Err(failure) => {
            if json {
                eprintln!("{}", failure.json());
            } else {
                eprintln!("{failure}");
            }
            ExitCode::from(failure.code as u8)
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    if let Some(Command::Completions { shell }) = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "marsad", &mut script);
        return std::io::stdout().write_all(&script).map_err(failure::unwritable);
    }
    if matches!(cli.command, Some(Command::Sbom)) {
        return sbom::sbom();
    }
    // The program's own choice of cryptography; a second call finds the first one's and that is well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let layers = layers(&cli.common);
    settings::vocabulary(&layers)?.install().map_err(|late| Failure::new(failure::Code::Stopped, late.to_string()))?;
    let mut settings = Settings::load(&layers)?;
    cli.check_words()?;
    let common = cli.common;
    if let Some(Command::Demo(_)) = &cli.command {
        demo::adapt(&mut settings, &common)?;
    }
    log(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::new(failure::Code::Stopped, format!("the runtime cannot start: {cause}")))?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Run) {
            Command::Run => run::run(&settings, Origin::new(layers, common)).await,
            Command::Demo(Demo { then: Some(DemoCommand::Incident(what)), .. }) => {
                incident::incident(&settings, &common, &what).await
            }
            Command::Demo(options) => demo::demo(&settings, &options, Origin::new(layers, common)).await,
            Command::Check => run::check(&settings, common.json),
            Command::Status => ask::status(&settings, &common).await,
            Command::Query(query) => ask::query(&settings, &common, &query).await,
            Command::Export(export) => moving::export(&settings, &common, &export).await,
            Command::Import(options) => moving::import(&settings, &options, common.json).await,
            Command::Alert(command) => alert::alert(&settings, &common, &command).await,
            Command::Silence(command) => operator::silence(&settings, &common, &command).await,
            Command::Maintenance(command) => operator::maintenance(&settings, &common, &command).await,
            Command::Quarantine(command) => quarantine::run(&settings, &common, command).await,
            Command::Device(command) => device::run(&settings, &common, command).await,
            Command::User(command) => people::user(&settings, &common, command).await,
            Command::Token(command) => people::token(&settings, &common, command).await,
            Command::Audit(command) => people::audit(&settings, &common, command).await,
            Command::Vault(command) => vault::vault(&settings, &common, command).await,
            Command::Subject(command) => subject::subject(&settings, &common, command).await,
            Command::Incident(command) => declaration::incident(&settings, &common, command).await,
            Command::Cert(command) => tls::cert(&common, &command),
            Command::Reload => device::reload(&settings, &common).await,
            Command::Report(command) => report::report(&settings, &common, &command).await,
            Command::Air(command) => air::air(&settings, &common, &command).await,
            Command::Waste(command) => waste::waste(&settings, &common, &command).await,
            Command::Parking(command) => parking::parking(&settings, &common, &command).await,
            Command::Water(command) => water::water(&settings, &common, &command).await,
            Command::Bench(Bench::Truth(options)) => bench::truth(&options, common.json),
            Command::Bench(Bench::Alert(options)) => bench::alert(&settings, &options, common.json).await,
            Command::Bench(Bench::Collect(options)) => bench::collect(&options, common.json).await,
            Command::Bench(Bench::Closed(options)) => bench::closed(&options, common.json).await,
            Command::Bench(Bench::Bare(options)) => bench::bare(&options).await,
            Command::Bench(Bench::Simulate(options)) => bench::simulate(&options, common.json),
            Command::Bench(Bench::Decode) => bench::decode(common.json),
            Command::Bench(Bench::Memory(options)) => bench::memory(&options, common.json).await,
            Command::Bench(Bench::Pages(options)) => bench::pages(&options, common.json).await,
            Command::Bench(Bench::Store(options)) => bench::store(&options, common.json).await,
            Command::Bench(Bench::StoreAlone(options)) => bench::store_alone(&options).await,
            Command::Decode(options) => {
                let Checked { profiles, catalogue, .. } = settings::check(&settings)?;
                decode::decode(&options, profiles, Arc::new(catalogue), common.json)
            }
            Command::Profile(command) => profile::profile(&command, &settings::check(&settings)?.profiles, common.json),
            Command::Rule(command) => rule::rule(&command, &settings, common.json),
            Command::Rota(command) => rota::rota(&command, &settings, common.json),
            Command::Backtest(options) => backtest::backtest(&settings, &common, &options).await,
            Command::Backup(command) => backup::backup(&settings, &command, common.json),
            Command::Store(command) => backup::store(&settings, &command, common.json).await,
            Command::Codec(command) => codec::codec(&command, common.json),
            Command::Simulate(options) => simulate::simulate(&options, common.json).await,
            Command::Verify(options) => verify::verify(&settings, &options, common.json).await,
            Command::Record(options) => recording::record(&options, common.json).await,
            Command::Replay(options) => recording::replay(&options).await,
            Command::Doctor => doctor::doctor(&settings, common.json).await,
            Command::Completions { .. } | Command::Sbom => Ok(()),
        }
    })
}

fn layers(common: &Common) -> Layers {
    let mut flags = Vec::new();
    let mut flag = |key: &str, value: Option<String>| flags.extend(value.map(|v| (key.to_owned(), v)));
    flag("data.directory", common.data.as_ref().map(|d| d.display().to_string()));
    flag("http.listen", common.http.map(|address| address.to_string()));
    flag("endpoint.listen", common.mqtt.map(|address| address.to_string()));
    flag("log.level", common.log.clone());
    // Names that are not Unicode are none of ours; a value that is not is refused where it stands.
    let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let environment = environment.map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect();
    Layers { files: common.config.clone(), environment, flags }
}

fn log(settings: &Settings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.log.level)
        .map_err(|cause| Failure::new(failure::Code::Settings, format!("log.level `{}`: {cause}", settings.log.level)))?;
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match settings.log.format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
