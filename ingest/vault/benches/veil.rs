//! What keeping a meter under its pseudonym costs, beside reading the same message openly in the same run:
//! `cargo bench -p vault`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use codec::{Decoder, Profiles};
use schemas::{Catalogue, Kind, Message, Provenance};
use vault::{Keys, Vault};

const PAYLOAD: &str =
    r#"{"v":1,"time":"2026-11-21T20:00:00Z","values":{"water.volume":312.5,"water.flow":12,"battery.level":91}}"#;

/// Nanoseconds that `work` takes, the best of many short runs: on a busy machine some of them are not interrupted.
fn best(mut work: impl FnMut()) -> f64 {
    const ROUNDS: u32 = 200;
    let run = |_| {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..1000).map(run).fold(f64::INFINITY, f64::min)
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    Keys::make(&keys, 2026).expect("made");
    let keys = Keys::read(&keys).expect("just made");
    let vault = Arc::new(Vault::open(&folder.path().join("vault.db"), keys, vec![Kind::WATER]).expect("a vault"));
    let profiles = Profiles::built_in().expect("tested");
    let open = Decoder::new(Arc::new(Catalogue::default()), profiles).expect("no device names a profile");
    let at = "2026-11-21T20:00:01Z".parse().expect("a time");
    let veiled = open.clone().behind(vault, at);
    let sent = |topic: &str| Message {
        topic: topic.into(),
        payload: PAYLOAD.into(),
        received_at: at,
        provenance: Provenance::default(),
    };
    let (meter, bin) = (sent("marsad/anfa/water/CASA-W-000001/up"), sent("marsad/anfa/waste/bin-0001/up"));
    let keepable = |message: &Message| veiled.keepable(vec![message.clone()]);
    let sealed = keepable(&meter).pop().expect("one for one");
    let mut out = Vec::with_capacity(8);
    let mut read = |decoder: &Decoder, message: &Message| {
        best(|| {
            out.clear();
            decoder.decode(black_box(message), &mut out).expect("a valid message");
            black_box(&out);
        })
    };
    let (openly, unsealing) = (read(&open, &meter), read(&veiled, &sealed));
    let sealing = best(|| drop(black_box(keepable(black_box(&meter)))));
    let passing = best(|| drop(black_box(keepable(black_box(&bin)))));
    println!("read openly            {openly:>7.0} ns");
    println!("sealed at the door     {sealing:>7.0} ns, {:.2} of that", sealing / openly);
    println!("opened and read        {unsealing:>7.0} ns, {:.2}", unsealing / openly);
    println!("let pass: no people    {passing:>7.0} ns, {:.2}", passing / openly);
}
