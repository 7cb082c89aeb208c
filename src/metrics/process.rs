//! The process itself, as the system sees it when somebody asks. Where the system does not tell, nothing is said.

use std::{fmt, fs, time::Instant};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// Asked at each scrape.
#[derive(Debug)]
pub(super) struct Process {
    began: Instant,
}

impl Process {
    /// It begins now.
    pub(super) fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: Option<f64>| {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        let uptime = Some(self.began.elapsed().as_secs_f64());
        gauge("uptime", "Time since the start.", Some(&Unit::Seconds), uptime)?;
        gauge("process_resident_memory", "Memory that the process holds.", Some(&Unit::Bytes), memory())?;
        gauge("process_open_files", "Files and connections that are open.", None, open_files())?;
        gauge("process_max_files", "Files and connections that may be open.", None, max_files())?;
        gauge("process_threads", "Threads of the process.", None, threads())?;
        if let Some(seconds) = cpu_seconds() {
            let counter = ConstCounter::new(seconds);
            let help = "Time that the process had a processor.";
            let descriptor = encoder.encode_descriptor(
                "process_cpu",
                help,
                Some(&Unit::Seconds),
                counter.metric_type(),
            )?;
            counter.encode(descriptor)?;
        }
        Ok(())
    }
}

fn memory() -> Option<f64> {
    status("VmRSS:").map(|kilobytes| kilobytes * 1024.0)
}

fn threads() -> Option<f64> {
    status("Threads:")
}

/// A line of what Linux says of a process.
fn status(name: &str) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn open_files() -> Option<f64> {
    // The folder itself is open while it is read.
    fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1) as f64)
}

#[cfg(unix)]
fn max_files() -> Option<f64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current.map(|most| most as f64)
}

#[cfg(not(unix))]
fn max_files() -> Option<f64> {
    None
}

/// In programs and in the system for them. The second field, the program's name in parentheses, may hold anything.
#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{cpu_seconds, max_files, memory, open_files, threads};

    #[test]
    fn linux_tells_all_of_it() {
        let before = open_files().expect("told");
        let file = std::fs::File::open("/proc/self/status").expect("readable");
        assert!(memory().expect("told") > 1e6 && threads().expect("told") >= 1.0);
        assert!(before >= 1.0 && max_files().expect("told") >= before);
        assert!(cpu_seconds().expect("told") >= 0.0);
        drop(file);
    }
}
