//! A little HTTP server for tests, which can be told to misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As asked for, from the byte that is asked for.
    Well,
    /// As if no range had been asked for.
    WithoutRanges,
    /// The same, and the connection is cut after so many bytes.
    CutWithoutRanges(usize),
    /// The connection is cut after so many bytes.
    CutAfter(usize),
    /// The headers, so many bytes, and then silence.
    SilentAfter(usize),
    /// Another address is named.
    Elsewhere(String),
    Status(u16),
}

/// Serves files; keeps the first lines and the ranges of all requests.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// The manners of each file's requests in their order; the last one holds for all further ones.
type Manners = HashMap<String, Vec<Manner>>;

impl Server {
    pub fn start(files: &[(&str, &[u8], &[Manner])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let bytes: HashMap<String, Vec<u8>> =
            files.iter().map(|(name, bytes, _)| (name.to_string(), bytes.to_vec())).collect();
        let manners: Manners =
            files.iter().map(|(name, _, manners)| (name.to_string(), manners.to_vec())).collect();
        let (log, shared) = (requests.clone(), Arc::new((bytes, Mutex::new(manners))));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, shared) = (log.clone(), shared.clone());
                std::thread::spawn(move || drop(answer(stream, &log, &shared.0, &shared.1)));
            }
        });
        Self { address, requests }
    }

    /// What was asked for so far: `file` or `file from 200`.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    files: &HashMap<String, Vec<u8>>,
    manners: &Mutex<Manners>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let name = first.split(' ').nth(1).unwrap_or("/")[1..].to_owned();
    let mut from = 0;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    log.lock().unwrap().push(if from > 0 { format!("{name} from {from}") } else { name.clone() });
    let mut all = manners.lock().unwrap();
    let manner = match all.get_mut(&name) {
        Some(own) if own.len() > 1 => own.remove(0),
        Some(own) => own[0].clone(),
        None => Manner::Status(404),
    };
    drop(all);
    let bytes = files.get(&name).map_or(&[][..], |bytes| bytes);
    send(&mut stream, &manner, bytes, from)
}

fn send(stream: &mut TcpStream, manner: &Manner, bytes: &[u8], from: usize) -> std::io::Result<()> {
    let is_deaf = matches!(manner, Manner::WithoutRanges | Manner::CutWithoutRanges(_));
    let from = if is_deaf { 0 } else { from };
    let (body, len) = (&bytes[from..], bytes.len());
    let head = match manner {
        Manner::Status(status) => format!("{status} No\r\nContent-Length: 0"),
        Manner::Elsewhere(address) => format!("302 Found\r\nLocation: {address}\r\nContent-Length: 0"),
        _ if from > 0 => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{len}\r\nContent-Length: {}",
            len - 1,
            body.len()
        ),
        _ => format!("200 OK\r\nContent-Length: {}", body.len()),
    };
    write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n")?;
    match manner {
        Manner::Well | Manner::WithoutRanges => stream.write_all(body),
        Manner::CutAfter(n) | Manner::CutWithoutRanges(n) => stream.write_all(&body[..*n]),
        Manner::SilentAfter(n) => {
            stream.write_all(&body[..*n])?;
            std::thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Manner::Elsewhere(_) | Manner::Status(_) => Ok(()),
    }
}
