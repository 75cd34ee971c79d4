//! Memory of a process, as the system counts it (`proc(5)`); nothing where the system tells nothing.

/// Bytes that are resident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Now (`VmRSS`).
    pub(crate) now: u64,
    /// At most, since the process began (`VmHWM`).
    pub(crate) most: u64,
}

impl Resident {
    /// Of this process.
    pub(crate) fn own() -> Self {
        Self::read("self")
    }

    /// Of another one.
    pub(crate) fn of(process: u32) -> Self {
        Self::read(&process.to_string())
    }

    fn read(process: &str) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() << 10
        };
        Self { now: field("VmRSS:"), most: field("VmHWM:") }
    }
}
