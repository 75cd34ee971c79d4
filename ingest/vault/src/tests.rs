use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use codec::{Decoder, Profiles, Reason, SEALED, Veil};
use schemas::{Catalogue, Device, Message, Provenance, Timestamp, Zone};

use super::*;

const METER: &str = "CASA-W-000001";
/// The key of vectors.json.
const YEAR: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        place.keys(&format!("2026 = \"{YEAR}\"\n"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn keys(&self, years: &str) {
        let text = format!("version = 1\nseal = \"{}\"\n[years]\n{years}", "5e".repeat(32));
        let path = self.path("keys");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }

    fn vault(&self) -> Arc<Vault> {
        let keys = Keys::read(&self.path("keys")).expect("keys");
        Arc::new(Vault::open(&self.path("vault.db"), keys, vec![Kind::WATER]).expect("a vault"))
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn now() -> Timestamp {
    at("2026-11-26T12:00:00Z")
}

fn kept_by(decoder: &Decoder, message: Message) -> Message {
    decoder.keepable(vec![message]).pop().expect("one for one")
}

fn message(topic: &str, payload: &str) -> Message {
    Message {
        topic: ByteString::from(topic),
        payload: Bytes::from(payload.to_owned()),
        received_at: now(),
        provenance: Provenance::default(),
    }
}

fn decoder(vault: &Arc<Vault>, devices: Vec<Device>) -> Decoder {
    let profiles = Profiles::built_in().expect("shipped");
    let decoder = Decoder::new(Arc::new(devices.into_iter().collect::<Catalogue>()), profiles).expect("a decoder");
    decoder.behind(Arc::clone(vault) as _, now())
}

fn device(id: &str, kind: Kind) -> Device {
    let mut device = Device::new(DeviceId::new(id).expect("an id"), kind, Zone::new("anfa").expect("a zone"));
    device.label = Some("12 rue de la Plage".to_owned());
    device
}

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("an id")
}

#[test]
fn req_p_1_a_meter_is_kept_under_the_pseudonym_of_the_vector_and_its_message_sealed() {
    let place = Place::new();
    let vault = place.vault();
    let decoder = decoder(&vault, vec![device(METER, Kind::WATER)]);
    let sent = message(&format!("marsad/anfa/water/{METER}/up"), r#"{"v":1,"values":{"water.volume":12.5}}"#);
    let kept = kept_by(&decoder, sent.clone());
    assert_eq!(&*kept.topic, "sealed/6ttedtg3u6ibdqkmo3vx");
    assert!(!format!("{:?}", kept.payload).contains("water"));
    let mut readings = Vec::new();
    let decoded = decoder.decode(&kept, &mut readings).expect("readable");
    assert_eq!((decoded.device, readings.len()), (id("6ttedtg3u6ibdqkmo3vx"), 1));
    assert_eq!((readings[0].series.device.as_str(), readings[0].value), ("6ttedtg3u6ibdqkmo3vx", 12.5));
    assert_eq!(Veil::open(&*vault, &kept), Some(sent));
    let listed: Vec<_> = decoder.catalogue().devices().collect();
    assert_eq!((listed[0].id.as_str(), &listed[0].label), ("6ttedtg3u6ibdqkmo3vx", &None));
}

#[test]
fn req_p_1_what_nobody_can_tell_the_owner_of_is_sealed_too_and_what_has_no_people_behind_it_is_not() {
    let place = Place::new();
    let vault = place.vault();
    let decoder = decoder(&vault, vec![device("bin-1", Kind::WASTE)]);
    let bin = message("marsad/anfa/waste/bin-1/up", r#"{"v":1,"values":{"waste.fill":50}}"#);
    assert_eq!(kept_by(&decoder, bin.clone()), bin);
    let broken = message("marsad/anfa/waste/bin-1/up", "{");
    assert_eq!(kept_by(&decoder, broken.clone()), broken);
    for (topic, payload) in [
        ("what/is/this", METER),
        ("marsad/anfa/nothing/CASA-W-000001/up", "{}"),
        ("application/7/device/CASA-W-000001/event/up", "{\"devEui\": broken"),
        ("sealed/6ttedtg3u6ibdqkmo3vx", METER),
    ] {
        let kept = kept_by(&decoder, message(topic, payload));
        assert!(kept.topic.starts_with(&format!("{SEALED}day-")), "{topic}: {}", kept.topic);
        let reject = decoder.decode(&kept, &mut Vec::new()).expect_err("not readable");
        let told = format!("{reject} {:?}", reject.whose());
        assert!(!told.contains("CASA") && told.contains("sealed"), "{told}");
        assert_eq!(Veil::open(&*vault, &kept), Some(message(topic, payload)));
    }
}

#[test]
fn req_p_1_why_a_sealed_message_cannot_be_read_is_told_without_what_it_says() {
    let place = Place::new();
    let vault = place.vault();
    let decoder = decoder(&vault, Vec::new());
    let kept = kept_by(&decoder, message(&format!("marsad/anfa/water/{METER}/up"), r#"{"v":1,"values":{"CASA-W-9":1}}"#));
    assert_eq!(&*kept.topic, "sealed/6ttedtg3u6ibdqkmo3vx");
    let reject = decoder.decode(&kept, &mut Vec::new()).expect_err("not readable");
    assert_eq!(reject.reason(), Reason::UnknownQuantity);
    let explained = decoder.explain(&kept);
    let told = format!("{reject} {:?} {explained:?}", reject.whose());
    assert!(!told.contains("CASA") && told.contains("6ttedtg3u6ibdqkmo3vx"), "{told}");
}

#[test]
fn req_p_1_each_year_has_pseudonyms_of_its_own_and_the_last_key_goes_on_until_there_is_another() {
    let place = Place::new();
    let keys = place.path("keys");
    let one = Keys::read(&keys).expect("keys");
    let in_2027 = at("2027-01-01T00:00:00Z");
    assert_eq!(one.name(&id(METER), in_2027), one.name(&id(METER), now()));
    Keys::add_year(&keys, 2027).expect("added");
    Keys::add_year(&keys, 2027).expect_err("there already");
    let two = Keys::read(&keys).expect("keys");
    assert_eq!(two.name(&id(METER), now()), one.name(&id(METER), now()));
    assert_ne!(two.name(&id(METER), in_2027), one.name(&id(METER), now()));
    assert_eq!(two.years().collect::<Vec<_>>(), [2026, 2027]);
}

#[test]
fn req_p_1_keys_that_others_may_read_are_refused_and_never_printed() {
    let place = Place::new();
    let path = place.path("keys");
    assert!(!format!("{:?}", Keys::read(&path).expect("keys")).contains("0001"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
    assert!(matches!(Keys::read(&path), Err(KeysError::Open { mode: 0o640, .. })));
    place.keys("2026 = \"00ff\"\n");
    let told = Keys::read(&path).expect_err("refused").to_string();
    assert!(told.contains("years.2026: expected 64 hexadecimal digits") && !told.contains("00ff"), "{told}");
    let fresh = place.path("fresh");
    Keys::make(&fresh, 2026).expect("made");
    Keys::make(&fresh, 2026).expect_err("never written over");
    assert_eq!(Keys::read(&fresh).expect("keys").years().collect::<Vec<_>>(), [2026]);
}

#[tokio::test]
async fn req_p_2_the_way_back_is_in_a_file_of_its_own_that_tells_nothing_without_the_keys() {
    let place = Place::new();
    let vault = place.vault();
    let decoder = decoder(&vault, Vec::new());
    let _ = kept_by(&decoder, message(&format!("marsad/anfa/water/{METER}/up"), "{}"));
    let name = id("6ttedtg3u6ibdqkmo3vx");
    assert_eq!(ports::Vault::reveal(&*vault, name.clone()).await.expect("read"), Some(id(METER)));
    assert_eq!(ports::Vault::reveal(&*vault, id("nobody")).await.expect("read"), None);
    let file = fs::read(place.path("vault.db")).expect("read");
    assert!(!file.windows(METER.len()).any(|bytes| bytes == METER.as_bytes()));
    assert_eq!(fs::metadata(place.path("vault.db")).expect("there").permissions().mode() & 0o777, 0o600);
    copy(&place.path("vault.db"), &place.path("copy.db")).expect("copied");
    drop((decoder, vault));
    let other = Keys::parse(&format!("version = 1\nseal = \"{}\"\n[years]\n2026 = \"{YEAR}\"\n", "aa".repeat(32))).expect("keys");
    let refused = Vault::open(&place.path("copy.db"), other, vec![Kind::WATER]).expect_err("other keys");
    assert!(refused.to_string().contains("other keys"), "{refused}");
}

#[tokio::test]
async fn req_p_6_what_was_sealed_for_a_subject_that_is_forgotten_is_opened_by_nobody_any_more() {
    let place = Place::new();
    let vault = place.vault();
    let sealing = decoder(&vault, Vec::new());
    let up = |meter: &str| message(&format!("marsad/anfa/water/{meter}/up"), r#"{"v":1,"values":{"water.volume":1}}"#);
    let (kept, other) = (kept_by(&sealing, up(METER)), kept_by(&sealing, up("CASA-W-000002")));
    let names = ports::Vault::names(&*vault, &id(METER));
    assert_eq!(vault.forget(&names).expect("forgotten"), 1);
    assert_eq!(vault.forget(&names).expect("forgotten"), 0);
    drop((sealing, vault));
    let vault = place.vault();
    let reading = decoder(&vault, Vec::new());
    assert_eq!(reading.decode(&kept, &mut Vec::new()).expect_err("gone").reason(), Reason::Sealed);
    assert_eq!(Veil::open(&*vault, &kept), None);
    assert_eq!(ports::Vault::reveal(&*vault, names[0].clone()).await.expect("read"), None);
    assert!(reading.decode(&other, &mut Vec::new()).is_ok());
    // What the same meter says later is another subject's: nothing of before comes back with it.
    let later = kept_by(&reading, up(METER));
    assert!(Veil::open(&*vault, &later).is_some() && Veil::open(&*vault, &kept).is_none());
}

#[test]
fn req_p_2_all_new_subjects_of_one_read_are_entered_together_and_messages_keep_their_order() {
    let place = Place::new();
    let decoder = Decoder::new(Arc::new(Catalogue::default()), Profiles::built_in().expect("tested")).expect("a decoder");
    let decoder = decoder.behind(place.vault(), now());
    let up = |n: u32| message(&format!("marsad/anfa/water/CASA-W-{:06}/up", n % 700), &format!("{{\"n\":{n}}}"));
    let commits = || fs::read(place.path("vault.db")).expect("the file")[24..28].to_vec();
    let before = u32::from_be_bytes(commits().try_into().expect("four bytes"));
    let kept = decoder.keepable((0..1000).map(up).chain([message("marsad/anfa/waste/bin-1/up", "{\"v\":1}")]).collect());
    // SQLite counts its commits in the header of the file.
    let after = u32::from_be_bytes(commits().try_into().expect("four bytes"));
    assert_eq!((kept.len(), after - before), (1001, 1));
    let vault = place.vault();
    assert_eq!(vault.subjects(), 700);
    for (n, kept) in (0..1000).zip(&kept) {
        assert_eq!(codec::Veil::open(&*vault, kept), Some(up(n)));
    }
}
