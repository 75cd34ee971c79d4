//! The command line: what can be asked of the program, with examples.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use schemas::{DeviceId, Kind, Quantity, Timestamp, UnknownWord};

use crate::air::AirCommand;
use crate::alert::AlertCommand;
use crate::backtest::Backtest;
use crate::backup::{BackupCommand, StoreCommand};
use crate::bench::Bench;
use crate::codec::CodecCommand;
use crate::declaration::IncidentCommand;
use crate::decode::Decode;
use crate::incident::Wanted;
use crate::moving::{Export, Import};
use crate::operator::{MaintenanceCommand, SilenceCommand};
use crate::parking::ParkingCommand;
use crate::people::{AuditCommand, TokenCommand, UserCommand};
use crate::profile::ProfileCommand;
use crate::recording::{Record, Replay};
use crate::report::Report;
use crate::rota::RotaCommand;
use crate::rule::RuleCommand;
use crate::simulate::Simulate;
use crate::subject::SubjectCommand;
use crate::tls::CertCommand;
use crate::vault::VaultCommand;
use crate::verify::Verify;
use crate::waste::WasteCommand;
use crate::water::WaterCommand;
use crate::{device, quarantine};

#[derive(Debug, Parser)]
#[command(
    name = "marsad",
    version,
    about = "A city's observatory: collects, keeps, judges and shows what its sensors say.",
    after_help = "Examples:
  marsad demo                                   a living city on http://127.0.0.1:8080
  marsad                                        the same as `marsad run`
  marsad --config city.toml check               are the settings right?
  marsad query --device bin-0042 --quantity waste.fill --from 2026-11-21T00:00:00Z
  marsad status --json
  marsad decode --profile nwave-nps405 --port 1 95

Settings: defaults < --config FILE < MARSAD__SECTION__KEY < flags. Exit codes: 0 done, 1 failed,
2 wrong arguments, 69 no answer, 70 stopped by a fault of ours, 74 disk, 78 settings."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Cli {
    /// Refuses words that the vocabulary does not have, as the parser refuses other values. The parser
    /// itself cannot: a city's own words are known only after its settings, which the arguments name.
    pub(crate) fn check_words(&self) -> Result<(), clap::Error> {
        let known = |argument: &str, text: &str, read: fn(&str) -> Result<(), UnknownWord>| {
            read(text).map_err(|unknown| {
                let message = format!("invalid value '{text}' for '{argument}': {unknown}");
                Cli::command().error(ErrorKind::ValueValidation, message)
            })
        };
        let quantity = |text: &String| known("--quantity <NAME>", text, |text| text.parse::<Quantity>().map(|_| ()));
        let kind = |text: &String| known("--kind <KIND>", text, |text| text.parse::<Kind>().map(|_| ()));
        match &self.command {
            Some(Command::Query(query)) => query.quantity.iter().try_for_each(quantity),
            Some(Command::Export(export)) => export.kind.iter().try_for_each(kind),
            Some(Command::Import(import)) => import.kind.iter().try_for_each(kind),
            Some(Command::Profile(ProfileCommand::List { kind: Some(name) })) => kind(name),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    /// File of settings; may be given several times, later over earlier
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// Data directory
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of pages and API: to listen on, or to ask
    #[arg(long, global = true, value_name = "HOST:PORT", value_parser = address)]
    pub(crate) http: Option<SocketAddr>,
    /// Address on which the MQTT endpoint listens
    #[arg(long, global = true, value_name = "HOST:PORT", value_parser = address)]
    pub(crate) mqtt: Option<SocketAddr>,
    /// Answer in JSON, for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What is logged: error, warn, info, debug, trace, or a list of target=level
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

/// An address, or the name of a machine: its IPv4 address where it has both, since defaults are IPv4 too.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let found: Vec<SocketAddr> =
        text.to_socket_addrs().map_err(|_| "expected HOST:PORT, such as 127.0.0.1:8080 or localhost:8080")?.collect();
    let first = found.iter().find(|a| a.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| "this name has no address".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the platform (the default)
    #[command(after_help = "Examples:
  marsad run --data /var/lib/marsad --http 0.0.0.0:8080
  MARSAD__ENDPOINT__LISTEN=127.0.0.1:1884 marsad run --config /etc/marsad.toml")]
    Run,
    /// Run the platform with a simulated city that publishes by real MQTT
    #[command(after_help = "Examples:
  marsad demo                       the city of the defaults
  marsad demo --devices 200 --seed 7
  marsad demo --data /tmp/city      keep the city's data there
  marsad demo incident fire         in another terminal: a bin burns")]
    Demo(Demo),
    /// Check the settings without starting anything
    Check,
    /// Show the account of messages, the lags, the store and the alerts
    #[command(after_help = "Asks the running program; where none runs on the data directory, reads the directory itself.")]
    Status,
    /// Show readings of a device
    #[command(after_help = "Examples:
  marsad query --device bin-0042 --quantity waste.fill --from 2026-11-21T00:00:00Z
  marsad query --device st-03 --quantity air.pm10 --from 2026-11-01T00:00:00Z --every 1h --json

Works on a stopped data directory and through a running program.")]
    Query(Query),
    /// Write out readings as CSV, NDJSON or Parquet
    #[command(after_help = "Examples:
  marsad export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --kind air --format csv > air.csv
  marsad export --from 2026-11-21T00:00:00Z --format ndjson --output day.ndjson
  marsad export --from 2026-01-01T00:00:00Z --format parquet --output year.parquet

One device after another, each in order of time, in constant memory: `marsad import` reads all three.")]
    Export(Export),
    /// A report as one file: the air of a day or a month, the collection of a week
    #[command(after_help = "Examples:
  marsad report daily --lang ar -o bulletin.html                    yesterday's air
  marsad report monthly --date 2026-10-01 --output air-2026-10.html
  marsad report weekly --lang en --date 2026-11-18 -o week.html     the week of that day

The file is HTML for A4 with its style and fonts inside; a browser prints it, or makes a PDF of it.

Works on a stopped data directory and through a running program.")]
    Report(Report),
    /// Read readings of a file into the store, also such as Telegraf and InfluxDB write
    #[command(after_help = "Examples:
  marsad import year.parquet --data /var/lib/marsad
  marsad import telegraf.lp --mapping telegraf.toml --dry-run
  marsad import answer.csv --format annotated-csv --mapping flux.toml
  zcat old.ndjson.gz | marsad import - --format ndjson

The program must be stopped. What is there already stays once, so that it can be done again. Rows that are no readings go into
a file with their reasons; exit 1 then. Rules are not told: `marsad backtest` says what they would have said.")]
    Import(Import),
    /// Air: the index, exceedances of limits, a station's report
    #[command(subcommand)]
    Air(AirCommand),
    /// Waste: which bins to empty next, and how a contractor did
    #[command(subcommand)]
    Waste(WasteCommand),
    /// Parking: how full zones are, who stays too long, which sensors are doubted
    #[command(subcommand)]
    Parking(ParkingCommand),
    /// Water: consumption by zone, losses of districts, leaks, stuck meters
    #[command(subcommand)]
    Water(WaterCommand),
    /// Read one message and show how: envelope, profile, readings; nothing is kept
    #[command(after_help = "Examples:
  marsad decode --profile nwave-nps405 --port 1 95
  marsad decode --envelope chirpstack --profile netvox-r718x event.json --json
  marsad decode --envelope the-things-stack --uplink-only --json - < uplink.json
  marsad decode --profile acme-bin.toml --port 2 01012c")]
    Decode(Decode),
    /// The makes of device that can be read, and profiles of one's own
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Vendors' scripts by themselves; envelopes and codecs
    #[command(subcommand)]
    Codec(CodecCommand),
    /// Alerts: who has them in hand, and why somebody was told or not
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Silences: alerts that nobody is told of for a while
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Maintenance windows: where somebody works, nobody is told
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Look at messages that gave no reading, and try them again
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Look at devices, adopt them, import them
    #[command(subcommand)]
    Device(device::Device),
    /// Users: who may sign in, and what they are
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens: by which programs ask
    #[command(subcommand)]
    Token(TokenCommand),
    /// The audit: what was done, by whom, and whether that is as it was written
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Pseudonyms: their keys, and the way back from one
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Whoever stands behind a meter: all that is kept of them, and forgetting it
    #[command(subcommand)]
    Subject(SubjectCommand),
    /// A security incident: the report for whoever must declare it
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// What the program is made of: every crate with version and checksum, as CycloneDX
    #[command(after_help = "Example:
  marsad sbom > marsad.cdx.json")]
    Sbom,
    /// Certificates, to try TLS out
    #[command(subcommand)]
    Cert(CertCommand),
    /// Have the running program read devices, profiles, rules and whom to tell anew
    #[command(
        after_help = "All of it comes into force at once, or nothing: what is wrong is said with file and line. SIGHUP does
the same. A rule whose condition is the same goes on where it was; what a rule that went had open ends. Other settings are read at the start only."
    )]
    Reload,
    /// The rules: which there are, what they do, whether files of them are right
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Who is on duty: the rotas that alerts may go to
    #[command(subcommand)]
    Rota(RotaCommand),
    /// What rules would have said of the past; nothing is kept, nobody told
    #[command(after_help = "Examples:
  marsad backtest --readings day.ndjson --json
  marsad backtest --rules new.toml --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z
  marsad backtest --rules new.toml --readings day.ndjson --notifications

A line of readings: {\"device\":\"bin-1\",\"quantity\":\"waste.fill\",\"value\":91,\"observed_at\":\"2026-11-21T08:00:00Z\"}
and, if wanted, received_at, quality, kind, zone and channel, as `marsad export --format ndjson` writes them.")]
    Backtest(Backtest),
    /// Copy the data directory while the program runs, check a copy, put it back
    #[command(subcommand)]
    Backup(BackupCommand),
    /// The store of readings: check every byte, copy into another one, prepare a server
    #[command(subcommand)]
    Store(StoreCommand),
    /// A simulated city for others: to a broker, as files, as a recording, as a hash
    #[command(after_help = "Examples:
  marsad simulate --devices 200 --lasts 6h > readings.ndjson
  marsad simulate dust-episode --hash                      the same on every run, with any number of threads
  marsad simulate --broker mqtt://localhost:1883 --devices 5000 --speed 60 --rate 2000
  marsad simulate bad-sensors --messages - --truth truth.ndjson --recording bad.rec

Without an output it writes readings to standard output. With --broker it goes as fast as time does, unless --speed says
otherwise.")]
    Simulate(Simulate),
    /// Play scenarios against the platform and compare everything with the truth
    #[command(after_help = "Examples:
  marsad verify --list
  marsad verify bin-fire power-loss
  marsad verify --all --junit report.xml
  marsad verify my-scenario.toml --verbose

Each scenario runs on a platform of its own, in this process, on virtual time: real journal, store, register and rules, the
settings of the city. Compared are the account, every reading with its value and its doubts, every reason in the quarantine,
and the alerts that the scenario expects. Exit code 1: something is not as it must be.")]
    Verify(Verify),
    /// Record messages of a broker
    #[command(after_help = "Examples:
  marsad record --broker mqtt://localhost:1883 --topic 'marsad/#' --output morning.rec --lasts 2h
  marsad record --broker mqtts://broker.city:8883 --username lab --password-file pass --topic '#' -o lab.rec

A recording is a journal: an append-only log with checksums, in a directory. A message is acknowledged once it is on the disk.
A recording that is there is gone on with.")]
    Record(Record),
    /// Play a recording to a broker, or to standard output
    #[command(after_help = "Examples:
  marsad replay morning.rec                                     as lines
  marsad replay morning.rec --broker mqtt://localhost:1883 --speed max
  marsad replay morning.rec --broker mqtt://localhost:1883 --speed 10 --shift now")]
    Replay(Replay),
    /// Measure the platform on this machine
    #[command(subcommand)]
    Bench(Bench),
    /// Check the machine: clock, time zones, ports, disk, limits, brokers, store
    Doctor,
    /// Print the completion script of a shell
    #[command(after_help = "Example:
  marsad completions bash > /etc/bash_completion.d/marsad")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    /// Simulated devices, 40 to 5,000
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u32).range(40..=5_000))]
    pub(crate) devices: u32,
    /// The same seed simulates the same city
    #[arg(long, default_value_t = 2026)]
    pub(crate) seed: u64,
    /// What is done to a demonstration that runs
    #[command(subcommand)]
    pub(crate) then: Option<DemoCommand>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DemoCommand {
    /// Have something happen in the city of the demonstration that runs
    #[command(after_help = "Examples:
  marsad demo incident fire
  marsad demo incident leak --device meter-005")]
    Incident(Wanted),
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Which device; may be given several times
    #[arg(long, required = true, value_name = "ID")]
    pub(crate) device: Vec<DeviceId>,
    /// Which quantity, such as waste.fill; all where none is given
    #[arg(long, value_name = "NAME")]
    pub(crate) quantity: Vec<String>,
    /// From this instant on, RFC 3339 [default: 24 hours before --to]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Timestamp>,
    /// Up to before this instant, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Timestamp>,
    /// Means, minima and maxima of UTC hours, or of local days of the city, instead of readings
    #[arg(long, value_name = "1h|1d")]
    pub(crate) every: Option<Every>,
    /// At most this many rows
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Every {
    /// One hour, UTC
    #[value(name = "1h")]
    Hour,
    /// One day of the city
    #[value(name = "1d")]
    Day,
}
