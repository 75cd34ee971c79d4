//! What can be measured, and the flags of each: `marsad bench --help`.

use clap::{Args, Subcommand, ValueEnum};

use super::StoreKind;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Readings judged per second, memory per series, a back-test of a month, and the time from publish to webhook
    #[command(after_help = "Examples:
  marsad bench alert                                  all parts at full size: some minutes
  marsad bench alert --only judge --series 10000      readings judged per second, and memory per series
  marsad bench alert --only backtest --days 7 --json  a back-test of a week by the shipped rules
  marsad bench alert --only webhook --rate 1000 --seconds 10

The first two parts run in this process. For the last one Marsad runs as a child on a temporary directory; devices publish over
MQTT, and the alert is posted to an HTTP server of the benchmark.")]
    Alert(BenchAlert),
    /// Messages per second and CPU per million messages, from publish to stored and judged, beside a bare subscriber
    #[command(after_help = "Runs Marsad as a child process on a temporary directory, through its endpoint and, where `mosquitto`
is installed, through a broker; beside it a bare rumqttc subscriber that only counts.")]
    Collect(Collect),
    /// What it costs to be closed: the same load with TLS, with credentials and topic rights, and under pseudonyms
    #[command(after_help = "Examples:
  marsad bench closed
  marsad bench closed --messages 50000 --rounds 1 --json

Runs Marsad as a child process on a temporary directory, through its endpoint by QoS 1, from publish to stored and judged; each step
keeps what those before it have. Of several rounds the middle one counts: look at the ratios, not at the rates.")]
    Closed(Closed),
    /// The bare subscriber, as a process of its own
    #[command(hide = true)]
    Bare(Bare),
    /// Messages per second that one core decodes: native JSON, a layout, a script, M-Bus, beside serde_json
    Decode,
    /// Memory with many idle connections and many known devices
    Memory(Memory),
    /// Pages beside what they may cost: bytes, first paint, a map of 10,000 devices, a year drawn, publish to pixel, listeners
    #[command(after_help = "Examples:
  marsad bench pages                                  all parts: some minutes
  marsad bench pages --only wire --json               bytes alone
  marsad bench pages --only listeners --clients 200 --seconds 10

Marsad runs as a child on a temporary directory. The bytes of a page are all that the server sends to a Chromium that has never
looked at anything, headers too, until the page is drawn. Times are those of a Chromium without GPU that keeps nothing, driven by
chromedriver: of several looks the middle one counts, of frames and of the way from a publish to the pixels the longest. Listeners are
told once a second what 100 devices say; what they cost is the difference of the two shares.

Exit 1: something is more than it may be; 69: Chromium or chromedriver is not installed, and what takes it was not measured.")]
    Pages(BenchPages),
    /// Readings per second that the simulated city makes, nobody reading them: of all kinds, and of each
    #[command(after_help = "Examples:
  marsad bench simulate
  marsad bench simulate --devices 1000000 --minutes 10 --json

Of one core: by the CPU time of all threads, so that a busy machine says the same as an idle one.")]
    Simulate(BenchSimulate),
    /// Stores side by side on one generated city: rate, processor, disk, memory, answers
    #[command(after_help = "Examples:
  marsad bench store --readings 1000000
  marsad bench store --kind embedded,influx,victoria --json
  marsad bench store --year                         besides, how long a year of 5,000 devices takes to open

Each kind in a process of its own, one after another. The servers are started on free ports, with their files in a temporary
directory: influxd and victoria-metrics must be on the path (tests/services/install). Rates are of wall time, without the making
of the readings; on a busy machine look at the processor time. Two of a hundred readings are late or repeats, and a server is asked
about the late ones before they are written. Hours are rolled up on the servers before they are asked. Beside the embedded store
stands what it is to keep, and whether it did; a figure of a busy machine says little.")]
    Store(BenchStore),
    #[command(hide = true)]
    StoreAlone(StoreAlone),
    /// How much of what happened in a simulated city is found again: emptyings, overflows, leaks, occupancy
    #[command(after_help = "Examples:
  marsad bench truth                       90 days; exit 1 where a figure falls below its bar
  marsad bench truth --seed 7 --json

The city is simulated, with noise, false echoes, lost messages and faulty sensors, and its truth is known. What is asked is what
the API asks: the same functions see only what was heard until then.")]
    Truth(Truth),
}

/// A part of `bench alert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlertPart {
    /// Readings judged per second, and memory per series
    Judge,
    /// A back-test by all shipped rules
    Backtest,
    /// From publish to webhook
    Webhook,
}

#[derive(Debug, Args)]
pub(crate) struct BenchAlert {
    /// Only these parts; all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<AlertPart>,
    /// Series that are judged by 20 rules, four a device
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(400..=4_000_000))]
    pub(crate) series: u32,
    /// Devices of the back-test, a reading each quarter of an hour
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub(crate) devices: u32,
    /// Days of the back-test
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: u16,
    /// Messages a second while alerts go out
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub(crate) rate: u32,
    /// For how long
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) seconds: u32,
}

/// A part of `bench pages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PagesPart {
    /// Bytes of cold pages
    Wire,
    /// The first paint
    Paint,
    /// A map with 10,000 devices
    Map,
    /// A year of hourly values
    Chart,
    /// From a publish to the open page
    Pixel,
    /// Listeners of live events
    Listeners,
}

#[derive(Debug, Args)]
pub(crate) struct BenchPages {
    /// Only these parts; all where none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<PagesPart>,
    /// Listeners
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) clients: u32,
    /// For how long listeners, and the way to the pixels, are measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Seconds for which the map is looked at while it lives
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) live: u32,
    /// Messages a second beside the one that is looked at
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchSimulate {
    /// Devices of the city
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) devices: u32,
    /// Minutes of the city's time
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub(crate) minutes: u32,
    /// Threads that play it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) threads: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Truth {
    /// Days of the city
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(28..=366))]
    pub(crate) days: u16,
    /// The same seed simulates the same city
    #[arg(long, default_value_t = 2026)]
    pub(crate) seed: u64,
    /// Bins
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    pub(crate) bins: u16,
    /// Water meters
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    pub(crate) meters: u16,
    /// Parking bays of the zone
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u16).range(50..=2_000))]
    pub(crate) bays: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Route {
    /// The built-in endpoint
    Endpoint,
    /// A Mosquitto of its own, and the collector
    Mosquitto,
}

impl Route {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Route::Endpoint => "endpoint",
            Route::Mosquitto => "mosquitto",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Only through this; both where none is given
    #[arg(long, value_enum)]
    pub(crate) route: Option<Route>,
    /// Only payloads of about so many bytes; 100 and 500 where none is given
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(50..=10_000))]
    pub(crate) payload: Option<u16>,
    /// Only this QoS; 0 and 1 where none is given
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) qos: Option<u8>,
    /// Messages a run
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    pub(crate) messages: u64,
    /// Devices that they come from
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) devices: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Closed {
    /// Messages a run
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    pub(crate) messages: u64,
    /// Devices that they come from
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) devices: u32,
    /// Runs of each step
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) rounds: u8,
}

#[derive(Debug, Args)]
pub(crate) struct BenchStore {
    /// Which stores
    #[arg(long, value_enum, value_delimiter = ',', default_value = "embedded")]
    pub(crate) kind: Vec<StoreKind>,
    /// Readings of the city
    #[arg(long, default_value_t = 20_000_000, value_parser = clap::value_parser!(u64).range(10_000..=1_000_000_000))]
    pub(crate) readings: u64,
    /// The same seed makes the same city
    #[arg(long, default_value_t = 2026)]
    pub(crate) seed: u64,
    /// Besides, a year of a city of 5,000 devices in the embedded store: how long it takes to open
    #[arg(long)]
    pub(crate) year: bool,
    /// Days of that year
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3_650), requires = "year")]
    pub(crate) days: u64,
}

#[derive(Debug, Args)]
pub(crate) struct StoreAlone {
    #[arg(long, value_enum)]
    pub(crate) kind: StoreKind,
    #[arg(long)]
    pub(crate) readings: u64,
    #[arg(long)]
    pub(crate) seed: u64,
    /// Pours into a store there, and goes on until it is killed
    #[arg(long)]
    pub(crate) into: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Memory {
    /// Idle connections to the endpoint
    #[arg(long, default_value_t = 10_000)]
    pub(crate) connections: u32,
    /// Known devices
    #[arg(long, default_value_t = 100_000)]
    pub(crate) devices: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Bare {
    #[arg(long)]
    pub(crate) broker: std::net::SocketAddr,
    #[arg(long)]
    pub(crate) qos: u8,
    #[arg(long)]
    pub(crate) messages: u64,
}
