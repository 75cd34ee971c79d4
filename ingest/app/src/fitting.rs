//! How a device is fitted to what it watches, as arguments: the same for adopting a device and for reading one message.

use clap::Args;
use schemas::{Container, Fitting, PulseMeter};

use crate::failure::{Code, Failure};

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FittingArgs {
    /// Metres from the sensor to the bottom of the container
    #[arg(long, value_name = "METRES", requires = "full")]
    empty: Option<f64>,
    /// Metres from the sensor to the contents of the full container
    #[arg(long, value_name = "METRES", requires = "empty")]
    full: Option<f64>,
    /// Metres below which the sensor sees nothing
    #[arg(long, value_name = "METRES", requires = "empty")]
    dead_zone: Option<f64>,
    /// Litres that one pulse of the meter stands for
    #[arg(long, value_name = "LITRES")]
    litres_per_pulse: Option<f64>,
    /// Cubic metres that the meter showed when the count was 0
    #[arg(long, value_name = "M3", requires = "litres_per_pulse")]
    index_offset: Option<f64>,
}

impl FittingArgs {
    /// # Errors
    /// A container or a meter that cannot be.
    pub(crate) fn read(self) -> Result<Fitting, Failure> {
        let wrong = |what: &str, cause: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{what}: {cause}"));
        let container = self.empty.zip(self.full).map(|(empty, full)| Container::new(empty, full, self.dead_zone.unwrap_or(0.0)));
        let meter = self.litres_per_pulse.map(|litres| PulseMeter::new(litres, self.index_offset.unwrap_or(0.0)));
        Ok(Fitting {
            container: container.transpose().map_err(|cause| wrong("--empty, --full, --dead-zone", &cause))?,
            meter: meter.transpose().map_err(|cause| wrong("--litres-per-pulse, --index-offset", &cause))?,
            ..Fitting::default()
        })
    }
}
