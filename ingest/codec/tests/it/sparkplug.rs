//! Sparkplug B. The payloads were written by the npm package `sparkplug-payload` 1.0.3, another implementation.

use crate::common::{catalogue, message, show, unhex};
use crate::opened::fresh;
use codec::{Decoder, Profiles, Reject};
use schemas::Reading;
use serde_json::{Value, json};

const DEVICE_BIRTH: &str = "0880f4c6fd9f3412300a086169722f706d313010011880f4c6fd9f3420094a140a07656e67556e69741209080c420575672f6d33650000fa4112220a0f6169722f74656d706572617475726510021880f4c6fd9f34200250f9ffffff0f12430a096169722f6e6f32233110031880f4c6fd9f34200a4a220a075175616c6974790a07656e67556e69741205080318c0011207080c4203707062690000000000002440121c0a0d6465766963652f74616d70657210041880f4c6fd9f34200b7000122b0a1850726f706572746965732f4861726477617265204d616b6510051880f4c6fd9f34200c7a0441636d6512240a1544657669636520436f6e74726f6c2f5265626f6f7410061880f4c6fd9f34200b70001801";
const DEVICE_DATA: &str = "08889bc7fd9f341210100118a093c7fd9f342009659a99ad411211100218a093c7fd9f34200250f4ffffff0f1216100318a0b6ebfb9f34200a2801690000000000002840120d100418a093c7fd9f34200b70011802";
const NULL: &str = "0880f4c6fd9f3412150a086169722e706d31301880f4c6fd9f34200938011803";
const TRANSIENT: &str = "0880f4c6fd9f34121a0a086169722e706d31301880f4c6fd9f342009300165000040401803";
const TYPES: &str = "0880f4c6fd9f3412100a06782f496e7438200150f8ffffff0f12110a07782f496e743136200250f0ffffff0f12110a07782f496e743332200350e0ffffff0f12160a07782f496e743634200458c0ffffffffffffffff01120d0a07782f55496e743820055008120e0a08782f55496e7431362006501012120a08782f55496e74333220075880d0acf30e120e0a08782f55496e7436342008584012100a07782f466c6f61742009650000c03f12150a08782f446f75626c65200a6900000000000002c0120f0a09782f426f6f6c65616e200b7001120f0a08782f537472696e67200c7a017312150a0a782f4461746554696d65200d5880f4c6fd9f34120d0a06782f54657874200e7a0174120d0a06782f55554944200f7a01751804";
const BYTES_AND_DATA_SET: &str = "0880f4c6fd9f3412150a04426c6f621880f4c6fd9f34201182010301020312200a055461626c651880f4c6fd9f3420108a010d0801120161180322040a0208011805";
const NODE_BIRTH: &str = "0880f4c6fd9f3412120a0562645365711880f4c6fd9f342008580312210a144e6f646520436f6e74726f6c2f526562697274681880f4c6fd9f34200b700012320a0f626174746572792f766f6c7461676510091880f4c6fd9f3420064a110a07656e67556e69741206080c42026d5650981c1800";
const NODE_DATA: &str = "08e8fbc6fd9f34120e100918e8fbc6fd9f342006508f1c1801";

const BORN: &str = "spBv1.0/casa/DBIRTH/edge-1/moved-1";
const DATA: &str = "spBv1.0/casa/DDATA/edge-1/moved-1";

fn read(decoder: &Decoder, topic: &str, hex: &str) -> Result<Vec<String>, Reject> {
    let mut out: Vec<Reading> = Vec::new();
    decoder.decode(&message(topic, unhex(hex)), &mut out).map(|_| show(&out))
}

#[test]
fn a_birth_has_values_and_says_what_its_aliases_mean() {
    let decoder = fresh();
    assert_eq!(
        read(&decoder, BORN, DEVICE_BIRTH).unwrap(),
        [
            "air.no2#1 = 19.125 @ 2026-11-21T20:00:00.000Z []",
            "air.pm10#0 = 31.25 @ 2026-11-21T20:00:00.000Z []",
            "air.temperature#0 = -7 @ 2026-11-21T20:00:00.000Z []",
            "device.tamper#0 = 0 @ 2026-11-21T20:00:00.000Z []",
        ]
    );
    // Names, types and units are the birth's; a historical value keeps its own time.
    assert_eq!(
        read(&decoder, DATA, DEVICE_DATA).unwrap(),
        [
            "air.no2#1 = 22.95 @ 2026-11-21T19:00:04.000Z [late]",
            "air.pm10#0 = 21.7 @ 2026-11-21T20:00:04.000Z []",
            "air.temperature#0 = -12 @ 2026-11-21T20:00:04.000Z []",
            "device.tamper#0 = 1 @ 2026-11-21T20:00:04.000Z []",
        ]
    );
}

#[test]
fn an_edge_node_is_a_device_of_its_own() {
    let decoder = fresh();
    let at = |time: &str, value: &str| [format!("battery.voltage#0 = {value} @ 2026-11-21T20:00:{time}Z []")];
    assert_eq!(read(&decoder, "spBv1.0/casa/NBIRTH/moved-1", NODE_BIRTH).unwrap(), at("00.000", "3.608"));
    assert_eq!(read(&decoder, "spBv1.0/casa/NDATA/moved-1", NODE_DATA).unwrap(), at("01.000", "3.599"));
    assert_eq!(decoder.births().len(), 1);
}

#[test]
fn an_alias_without_its_birth_waits_and_is_read_once_the_birth_was_heard() {
    let decoder = fresh();
    assert_eq!(read(&decoder, DATA, DEVICE_DATA).unwrap_err().code(), "unknown_alias");
    let birth = message(BORN, unhex(DEVICE_BIRTH));
    assert!(decoder.is_birth(&birth) && !decoder.is_birth(&message(DATA, unhex(DEVICE_DATA))));
    assert!(decoder.learn(&birth));
    assert_eq!(read(&decoder, DATA, DEVICE_DATA).unwrap().len(), 4);
    // Another device of the same node has births of its own.
    let other = "spBv1.0/casa/DDATA/edge-1/0101010101010102";
    assert_eq!(read(&decoder, other, DEVICE_DATA).unwrap_err().code(), "unknown_alias");
}

#[test]
fn births_outlive_a_reload() {
    let first = fresh();
    first.learn(&message(BORN, unhex(DEVICE_BIRTH)));
    let reloaded = first.with_catalogue(catalogue()).unwrap();
    assert_eq!(read(&reloaded, DATA, DEVICE_DATA).unwrap().len(), 4);
    let anew = Decoder::new(catalogue(), Profiles::built_in().unwrap()).unwrap().with_births(first.births().clone());
    assert_eq!(read(&anew, DATA, DEVICE_DATA).unwrap().len(), 4);
}

#[test]
fn only_a_birth_can_be_learnt() {
    let decoder = fresh();
    for (topic, payload) in [(DATA, DEVICE_DATA), (BORN, "ff"), ("marsad/a/air/b/up", DEVICE_BIRTH)] {
        assert!(!decoder.learn(&message(topic, unhex(payload))), "{topic}");
    }
    assert!(decoder.births().is_empty());
}

#[test]
fn every_scalar_type_is_read_with_its_sign() {
    let view = fresh().explain(&message(DATA, unhex(TYPES))).uplinks.remove(0);
    let fields: serde_json::Map<String, Value> =
        view.fields.into_iter().flat_map(|(_, tree)| tree.as_object().unwrap().clone()).collect();
    let expected = json!({
        "x/Int8": -8, "x/Int16": -16, "x/Int32": -32, "x/Int64": -64, "x/UInt8": 8, "x/UInt16": 16, "x/UInt32": 4_000_000_000_u32,
        "x/UInt64": 64, "x/Float": 1.5, "x/Double": -2.25, "x/Boolean": true, "x/String": "s", "x/DateTime": 1_795_291_200_000_u64,
        "x/Text": "t", "x/UUID": "u",
    });
    assert_eq!(Value::Object(fields), expected);
}

#[test]
fn what_holds_nothing_to_store_is_understood() {
    let cases = [
        (DATA, NULL),
        (DATA, TRANSIENT),
        (DATA, ""),
        (DATA, "0880f4c6fd9f34"),
        (DATA, BYTES_AND_DATA_SET),
        ("spBv1.0/casa/NDEATH/edge-1", "ff"),
        ("spBv1.0/casa/DDEATH/edge-1/moved-1", "ff"),
        ("spBv1.0/casa/NCMD/edge-1", "ff"),
        ("spBv1.0/STATE/scada-1", "ff"),
    ];
    for (topic, payload) in cases {
        let reject = read(&fresh(), topic, payload).unwrap_err();
        assert_eq!(reject.code(), "no_reading", "{topic} {payload}: {reject}");
    }
    assert!(read(&fresh(), DATA, BYTES_AND_DATA_SET).unwrap_err().to_string().contains("`Blob` is of data type 17"));
}

#[test]
fn what_cannot_be_read_says_why() {
    let cases = [
        ("spBv1.0/casa/NDATA/edge-1/moved-1", NODE_DATA, "not_a_topic"),
        ("spBv1.0/casa/DDATA/edge-1", NODE_DATA, "not_a_topic"),
        ("spBv1.0/casa/DDATA/edge-1/moved-1/x", NODE_DATA, "not_a_topic"),
        ("spBv1.0/casa", NODE_DATA, "not_a_topic"),
        ("spBv1.0/casa/DDATA/edge-1/a b", NODE_DATA, "bad_name"),
        ("spBv1.0/casa/DDATA/edge-1/unheard", NULL, "unknown_device"),
        (DATA, "ff", "bad_bytes"),
        // The UUID SPBV1.0_COMPRESSED.
        (DATA, "22125350425631 2e305f434f4d50524553534544", "bad_bytes"),
        // A metric without name and alias; one that is an Int8 and holds a text; one at the end of time.
        (DATA, "1204 2009 7a00", "bad_shape"),
        (DATA, "1207 0a0178 2001 7a00", "bad_shape"),
        (DATA, "1210 0a0178 18ffffffffffffffffff01 2001 5001", "bad_time"),
    ];
    for (topic, payload, code) in cases {
        let reject = read(&fresh(), topic, payload).unwrap_err();
        assert_eq!(reject.code(), code, "{topic} {payload}: {reject}");
    }
    let nan = "120e 0a08 6169722e706d3130 2009 65 0000c07f".replace(' ', "").replace("120e", "1211");
    assert_eq!(read(&fresh(), DATA, &nan).unwrap_err().code(), "not_finite");
    assert_eq!(read(&fresh(), DATA, &"1200".repeat(140_000)).unwrap_err().code(), "too_many");
    assert_eq!(read(&fresh(), DATA, &"12030a0178".repeat(3000)).unwrap_err().code(), "too_many");
}
