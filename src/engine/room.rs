//! How much memory the system has left: it hands out more than it has, and then ends the program.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that can be had without pushing others out and within the limits set for this process, where the
/// system tells: Linux does.
pub fn available() -> Option<u64> {
    available_at(Path::new("/"))
}

/// [`available`] by the files of a system that begins at `root`.
fn available_at(root: &Path) -> Option<u64> {
    let free = of_machine(&fs::read_to_string(root.join("proc/meminfo")).ok()?)?;
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let within_limits = groups.lines().flat_map(|line| limits(root, line));
    Some(within_limits.fold(free, u64::min))
}

fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// How a version of control groups names its files.
struct Names {
    folder: &'static str,
    limit: &'static str,
    used: &'static str,
    /// What the group holds of files that nobody has read for long, and gives up first.
    reclaimable: &'static str,
}

const VERSION_1: Names = Names {
    folder: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};

const VERSION_2: Names = Names {
    folder: "sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    reclaimable: "inactive_file",
};

/// What each group of a line `number:controllers:/path` leaves: that of the path and those it lies in. A
/// container may see its own group as the topmost.
fn limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let names = match controllers {
        "" => VERSION_2,
        list if list.split(',').any(|name| name == "memory") => VERSION_1,
        _ => return Vec::new(),
    };
    let top = root.join(names.folder);
    let lowest = top.join(path.trim_start_matches('/'));
    let groups = lowest.ancestors().take_while(|group| group.starts_with(&top)).map(PathBuf::from);
    groups.filter_map(|group| left_in(&group, &names)).collect()
}

/// None where the group has no limit.
fn left_in(group: &Path, names: &Names) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let limit = number(names.limit)?;
    let used = number(names.used)?;
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let reclaimable = statistics.lines().find_map(|line| {
        let (name, bytes) = line.split_once(' ')?;
        if name == names.reclaimable { bytes.trim().parse().ok() } else { None }
    });
    Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system of these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            fs::write(path, text).expect("room");
        }
        root
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       16384000 kB\nMemAvailable:    8000000 kB\n");

    #[test]
    fn without_limits_the_machine_decides() {
        let unlimited = [MEMINFO, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "max\n")];
        assert_eq!(available_at(system(&unlimited).path()), Some(8_000_000 << 10));
        assert_eq!(available_at(system(&[MEMINFO]).path()), Some(8_000_000 << 10));
        assert_eq!(available_at(system(&[]).path()), None);
    }

    #[test]
    fn the_tightest_group_decides() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "0::/user/job\n"),
            ("sys/fs/cgroup/user/job/memory.max", "5000000000\n"),
            ("sys/fs/cgroup/user/job/memory.current", "1000000000\n"),
            ("sys/fs/cgroup/user/memory.max", "4000000000\n"),
            ("sys/fs/cgroup/user/memory.current", "1500000000\n"),
            ("sys/fs/cgroup/user/memory.stat", "anon 900000000\ninactive_file 300000000\n"),
        ];
        assert_eq!(available_at(system(&files).path()), Some(4_000_000_000 - 1_200_000_000));
    }

    #[test]
    fn the_older_groups_count_as_well() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "4:cpu,cpuacct:/\n2:memory:/box\n"),
            // In a container the group of this path may be out of sight, its limits stand at the top.
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1900\n"),
            ("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 500\n"),
        ];
        assert_eq!(available_at(system(&files).path()), Some(600));
    }
}
