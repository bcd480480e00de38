//! What Node.js says of itself: its diagnostic report, which has the handles that keep its event loop alive.
//!
//! Only a process that was started with `--report-on-signal` is asked. Where the report is to be written to the working directory,
//! it goes to the scratch directory instead.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::record::Process;
use crate::stage::Plan;

const OPTIONS: &str = "NODE_OPTIONS";
const ON_SIGNAL: &str = "--report-on-signal";
/// What says where a report is written.
const WHERE: [&str; 3] = ["--report-directory", "--report-dir", "--report-filename"];

/// Has the reports written to the scratch directory, if there will be any. Returns that directory.
pub(super) fn redirect(
    plan: &Plan,
    environment: &mut BTreeMap<OsString, OsString>,
    scratch: impl FnOnce() -> io::Result<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    let options = environment
        .get(OsStr::new(OPTIONS))
        .map(|o| o.to_string_lossy().into_owned());
    let words = plan
        .args
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .chain(options.clone());
    let words: Vec<String> = words.collect();
    let named = |what: &str| words.iter().any(|word| word.contains(what));
    if !named(ON_SIGNAL) || WHERE.into_iter().any(named) {
        return Ok(None);
    }
    let directory = scratch()?;
    // Node takes what stands in quotation marks as one option.
    let escaped = directory
        .to_string_lossy()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    let options = options.unwrap_or_default();
    let options = format!("{options} \"--report-directory={escaped}\"");
    environment.insert(OPTIONS.into(), options.trim_start().into());
    Ok(Some(directory))
}

/// Reads what was reported, and tells of each process what keeps it alive.
#[cfg(not(feature = "suite"))]
pub(super) fn read(_: &Path, _: &mut [Process]) {}

#[cfg(feature = "suite")]
pub(super) use read::read;

#[cfg(feature = "suite")]
mod read {
    use std::fs::{self, File};
    use std::io::BufReader;

    use serde::Deserialize;

    use super::{Path, Process};
    use crate::record::Handle;

    /// A report is not larger than that.
    const LARGEST: u64 = 64 << 20;

    #[derive(Deserialize)]
    struct Report {
        #[serde(default)]
        header: Header,
        libuv: Vec<Uv>,
        #[serde(default)]
        workers: Vec<Report>,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Header {
        #[serde(rename = "processId")]
        process: u32,
    }

    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Uv {
        #[serde(rename = "type")]
        kind: String,
        #[serde(rename = "is_active")]
        is_active: bool,
        #[serde(rename = "is_referenced")]
        is_referenced: bool,
        fires_in_ms_from_now: Option<f64>,
        local_endpoint: Option<Endpoint>,
        remote_endpoint: Option<Endpoint>,
        pid: Option<u32>,
        filename: Option<String>,
        signal: Option<String>,
        fd: Option<i64>,
    }

    #[derive(Deserialize)]
    struct Endpoint {
        ip4: Option<String>,
        ip6: Option<String>,
        port: u16,
    }

    /// Reads the reports in a directory. One that is not whole is passed over: its process was ended before it was written.
    pub(in crate::stage::real) fn read(directory: &Path, processes: &mut [Process]) {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for report in paths.iter().filter_map(|path| report(path)) {
            let mut named = processes
                .iter_mut()
                .filter(|p| p.pid == report.header.process);
            if let Some(process) = named.next() {
                process.handles = handles(&report);
            }
        }
    }

    fn report(path: &Path) -> Option<Report> {
        let name = path.file_name()?.to_str()?;
        if !name.starts_with("report.") || path.extension()? != "json" {
            return None;
        }
        let file = File::open(path).ok()?;
        let is_small = file
            .metadata()
            .is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
        is_small.then(|| serde_json::from_reader(BufReader::new(file)).ok())?
    }

    /// Those that keep the loop alive, and of its workers those that keep theirs alive.
    fn handles(report: &Report) -> Vec<Handle> {
        let all = report
            .libuv
            .iter()
            .chain(report.workers.iter().flat_map(|worker| &worker.libuv));
        let alive = all.filter(|uv| uv.is_active && uv.is_referenced && uv.kind != "loop");
        alive.map(|uv| Handle::new(&uv.kind, what(uv))).collect()
    }

    fn what(uv: &Uv) -> String {
        let address = |endpoint: &Option<Endpoint>| {
            let endpoint = endpoint.as_ref()?;
            match (&endpoint.ip4, &endpoint.ip6) {
                (Some(ip), _) => Some(format!("{ip}:{}", endpoint.port)),
                (None, Some(ip)) => Some(format!("[{ip}]:{}", endpoint.port)),
                (None, None) => Some(format!("port {}", endpoint.port)),
            }
        };
        let (local, remote) = (address(&uv.local_endpoint), address(&uv.remote_endpoint));
        match (uv.kind.as_str(), local, remote) {
            ("timer", _, _) => match uv.fires_in_ms_from_now {
                Some(ms) if ms > 0.0 => format!("a timer that is due in {:.1} s", ms / 1e3),
                _ => "a timer".into(),
            },
            ("tcp", _, Some(remote)) => format!("a connection with {remote}"),
            ("tcp", Some(local), None) => format!("a server at {local}"),
            ("udp", Some(local), _) => format!("a UDP socket at {local}"),
            ("process", _, _) => uv.pid.map_or("a child process".into(), |pid| {
                format!("child process {pid}")
            }),
            ("fs_event" | "fs_poll", _, _) => {
                format!("a watch of {}", uv.filename.as_deref().unwrap_or("a file"))
            }
            ("signal", _, _) => format!(
                "a handler of {}",
                uv.signal.as_deref().unwrap_or("a signal")
            ),
            ("tty", _, _) => "a terminal".into(),
            (kind, _, _) => match uv.fd {
                Some(fd) => format!("a {kind}, descriptor {fd}"),
                None => format!("a handle of kind {kind}"),
            },
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_keeps_the_loop_alive_is_told_and_nothing_else() {
            let text = r#"{"header": {"processId": 7}, "libuv": [
                {"type": "async", "is_active": true, "is_referenced": false, "address": "0x1"},
                {"type": "timer", "is_active": true, "is_referenced": true, "firesInMsFromNow": 3530},
                {"type": "idle", "is_active": false, "is_referenced": true},
                {"type": "tcp", "is_active": true, "is_referenced": true, "fd": 19, "remoteEndpoint": null,
                 "localEndpoint": {"host": "localhost", "ip4": "127.0.0.1", "port": 8080}},
                {"type": "tcp", "is_active": true, "is_referenced": true, "remoteEndpoint": {"ip6": "::1", "port": 9}},
                {"type": "pipe", "is_active": true, "is_referenced": true, "fd": 0},
                {"type": "loop", "is_active": true, "is_referenced": true}],
                "workers": [{"libuv": [{"type": "process", "pid": 9, "is_active": true, "is_referenced": true}]}]}"#;
            let report: Report = serde_json::from_str(text).unwrap();
            let told: Vec<_> = handles(&report)
                .into_iter()
                .map(|handle| handle.what)
                .collect();
            assert_eq!(
                told,
                [
                    "a timer that is due in 3.5 s",
                    "a server at 127.0.0.1:8080",
                    "a connection with [::1]:9",
                    "a pipe, descriptor 0",
                    "child process 9"
                ]
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(arg: &str, options: Option<&str>) -> Option<String> {
        let mut plan = Plan::new("node");
        plan.args = vec![arg.into()];
        let mut environment = BTreeMap::new();
        environment.extend(options.map(|options| (OPTIONS.into(), options.into())));
        let scratch = || Ok(PathBuf::from("/tmp/a b"));
        redirect(&plan, &mut environment, scratch).unwrap()?;
        environment
            .get(OsStr::new(OPTIONS))
            .map(|options| options.to_string_lossy().into_owned())
    }

    #[test]
    fn a_report_goes_to_the_scratch_directory_where_none_is_named() {
        let directory = "\"--report-directory=/tmp/a b\"";
        assert_eq!(
            redirected("a.js", Some(ON_SIGNAL)).unwrap(),
            format!("{ON_SIGNAL} {directory}")
        );
        assert_eq!(redirected(ON_SIGNAL, None).unwrap(), directory);
        assert_eq!(redirected("a.js", None), None);
        assert_eq!(
            redirected("a.js", Some("--report-on-signal --report-directory=here")),
            None
        );
    }
}
