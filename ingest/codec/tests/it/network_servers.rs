//! LoRaWAN network servers other than ChirpStack v4: one documented example each, and what is wrong with others.

use crate::common::{decode, show};
use crate::opened::{code, explain};
use schemas::Timestamp;

const TTS: &str = "v3/bays@casa/devices/bay-1/up";
const TTS_UP: &str = r#"{"end_device_ids":{"device_id":"bay-1","application_ids":{"application_id":"bays"},
    "dev_eui":"0101010101010101","dev_addr":"27000020"},"correlation_ids":["as:up:01"],"received_at":"2026-11-21T20:00:02.9Z",
    "uplink_message":{"session_key_id":"AXA=","f_port":1,"f_cnt":70000,"frm_payload":"lQ==","decoded_payload":{"occupied":true},
    "rx_metadata":[{"gateway_ids":{"gateway_id":"a"},"time":"2026-11-21T19:00:00Z","rssi":-97,"snr":-3.5,"frequency_offset":"69"},
    {"gateway_ids":{"gateway_id":"b"},"rssi":-36,"snr":10.5}],"settings":{"frequency":"867100000","time":"2026-11-21T19:00:00Z"},
    "received_at":"2026-11-21T20:00:02.123456789Z","confirmed":true,"consumed_airtime":"0.056576s"}}"#;

/// What the bay of the catalogue says in `lQ==`, heard so.
fn occupied(at: &str, rssi: &str, snr: &str) -> [String; 4] {
    [
        format!("parking.occupied#0 = 1 @ {at}"),
        format!("parking.prev_state_duration#0 = 4440 @ {at}"),
        format!("radio.rssi#0 = {rssi} @ {at}"),
        format!("radio.snr#0 = {snr} @ {at}"),
    ]
}

#[test]
fn the_things_stack_is_read_at_the_time_of_its_network_server() {
    let (decoded, out) = decode(TTS, TTS_UP).unwrap();
    assert_eq!(show(&out), occupied("2026-11-21T20:00:02.123Z []", "-36", "10.5"));
    assert_eq!((decoded.device.as_str(), decoded.seq), ("0101010101010101", Some(70_000)));
    let view = explain("ttn", "#", TTS, TTS_UP).uplinks.remove(0);
    assert_eq!((view.port, view.counter, view.confirmed), (Some(1), Some(70_000), true));
    // Without the network server's time the application server's is next, and a gateway's never.
    let without = TTS_UP.replace(r#""received_at":"2026-11-21T20:00:02.123456789Z","#, "");
    assert_eq!(decode(TTS, &without).unwrap().1[0].observed_at, "2026-11-21T20:00:02.900Z".parse().unwrap());
    let without = without.replace(r#""received_at":"2026-11-21T20:00:02.9Z","#, "");
    assert_eq!(decode(TTS, &without).unwrap().1[0].observed_at, "2026-11-21T20:00:10Z".parse().unwrap());
}

#[test]
fn the_things_stack_knows_the_version_of_a_devices_program() {
    let known = TTS_UP.replace(r#""f_port":1"#, r#""version_ids":{"brand_id":"acme","firmware_version":"1.2"},"f_port":1"#);
    let (decoded, _) = decode(TTS, &known).unwrap();
    let said: Vec<_> = decoded.firmware.iter().map(|(device, version)| (device.as_str(), version.as_str())).collect();
    assert_eq!(said, [("0101010101010101", "1.2")]);
    assert!(decode(TTS, TTS_UP).unwrap().0.firmware.is_empty());
}

#[test]
fn the_things_stack_leaves_out_zeros_and_may_write_numbers_as_text() {
    let bare = r#"{"end_device_ids":{"device_id":"eui-0101010101010101"},"uplink_message":{"frm_payload":"lQ=="}}"#;
    let view = explain("the-things-stack", "#", "x", bare).uplinks.remove(0);
    assert_eq!((view.device.as_str(), view.port, view.counter), ("0101010101010101", Some(0), Some(0)));
    assert!(!view.confirmed);
    let text = TTS_UP.replace(r#""f_port":1"#, r#""f_port":"1""#).replace(r#""rssi":-36"#, r#""rssi":"-36""#);
    assert_eq!(show(&decode(TTS, text).unwrap().1), occupied("2026-11-21T20:00:02.123Z []", "-36", "10.5"));
    let named = bare.replace("eui-0101010101010101", "bin-7");
    assert_eq!(explain("tts", "#", "x", named).uplinks[0].device.as_str(), "bin-7");
}

#[test]
fn an_answer_to_the_question_for_its_state_gives_the_battery() {
    let state = TTS_UP.replace(
        r#""frm_payload":"lQ==""#,
        r#""last_battery_percentage":{"f_cnt":70000,"value":96.85,"received_at":"2026-11-21T20:00:01Z"}"#,
    );
    assert_eq!(show(&decode(TTS, &state).unwrap().1)[0], "battery.level#0 = 96.85 @ 2026-11-21T20:00:01.000Z []");
    let old = state.replace(r#"{"f_cnt":70000,"#, r#"{"f_cnt":69999,"#);
    assert_eq!(decode(TTS, old).unwrap_err().code(), "no_reading", "an old answer says nothing new");
}

#[test]
fn a_device_that_joins_the_things_stack_is_heard() {
    let join = r#"{"end_device_ids":{"device_id":"bay-1","dev_eui":"0101010101010101"},"received_at":"2026-11-21T20:00:02Z",
        "join_accept":{"session_key_id":"AXBSH1Pk6Z0G166Q==","received_at":"2026-11-21T20:00:01Z"}}"#;
    let topic = "v3/bays@casa/devices/bay-1/join";
    assert_eq!(show(&decode(topic, join).unwrap().1), ["device.joined#0 = 1 @ 2026-11-21T20:00:01.000Z []"]);
    let untimed = join.replace(r#","received_at":"2026-11-21T20:00:01Z""#, "");
    assert_eq!(show(&decode(topic, untimed).unwrap().1), ["device.joined#0 = 1 @ 2026-11-21T20:00:02.000Z []"]);
}

#[test]
fn what_the_things_stack_sends_besides_is_silent_or_says_what_is_wrong() {
    let event = |event: &str| format!("v3/bays@casa/devices/bay-1/{event}");
    for silent in ["down/queued", "down/sent", "down/ack", "service/data", "location/solved", "up/normalized"] {
        assert_eq!(decode(&event(silent), "not even JSON").unwrap_err().code(), "no_reading", "{silent}");
    }
    let cases = [
        (TTS.to_owned(), TTS_UP.replace(r#""received_at":"2026-11-21T20:00:02.9Z""#, r#""simulated":true"#), "no_reading"),
        (TTS.to_owned(), r#"{"end_device_ids":{"device_id":"bay-1"},"location_solved":{}}"#.to_owned(), "no_reading"),
        (event("join"), r#"{"end_device_ids":{"device_id":"bay-1"},"join_accept":{}}"#.to_owned(), "unknown_device"),
        (TTS.to_owned(), TTS_UP.replace(r#""frm_payload":"lQ==","#, ""), "no_reading"),
        (TTS.to_owned(), TTS_UP.replace("lQ==", "l%=="), "bad_bytes"),
        (TTS.to_owned(), TTS_UP.replace("lQ==", &"AAAA".repeat(86)), "bad_bytes"),
        (TTS.to_owned(), TTS_UP.replace(r#""f_port":1"#, r#""f_port":256"#), "bad_shape"),
        (TTS.to_owned(), TTS_UP.replace(r#""f_port":1"#, r#""f_port":[1]"#), "bad_shape"),
        (TTS.to_owned(), TTS_UP.replace("2026-11-21T20:00:02.123456789Z", "yesterday"), "bad_time"),
        (TTS.to_owned(), TTS_UP.replace(r#""dev_eui":"0101010101010101""#, r#""dev_eui":"01""#), "bad_name"),
        (TTS.to_owned(), TTS_UP.replace(r#""device_id":"bay-1""#, r#""device_id":"bay-2""#), "device_mismatch"),
        (TTS.to_owned(), "{}".to_owned(), "bad_shape"),
        (TTS.to_owned(), "hello".to_owned(), "not_json"),
        ("v3/bays@casa/bay-1/up".to_owned(), TTS_UP.to_owned(), "not_a_topic"),
    ];
    for (topic, payload, expected) in cases {
        let reject = decode(&topic, &payload).unwrap_err();
        assert_eq!(reject.code(), expected, "{topic} {payload}: {reject}");
    }
}

#[test]
fn thingpark_is_read_at_its_time_with_its_offset() {
    let topic = "mqtt/things/0101010101010101/uplink";
    let payload = r#"{"DevEUI_uplink":{"Time":"2026-11-21T21:00:05.138+01:00","DevEUI":"0101010101010101","FPort":1,"FCntUp":26,
        "MType":4,"payload_hex":"95","mic_hex":"e7214986","LrrRSSI":-114.0,"LrrSNR":4.75,"Late":0,
        "Lrrs":{"Lrr":[{"Lrrid":"1","LrrRSSI":-114.0,"LrrSNR":4.75}]},"payload":{"occupied":true}}}"#;
    assert_eq!(show(&decode(topic, payload).unwrap().1), occupied("2026-11-21T20:00:05.138Z []", "-114", "4.75"));
    let view = explain("actility", "#", topic, payload).uplinks.remove(0);
    assert_eq!((view.port, view.counter, view.confirmed), (Some(1), Some(26), true));
    // Older servers write numbers as text; some say the signal only in the list.
    let text = payload
        .replace(":26,", ":\"26\",")
        .replace(r#""FPort":1"#, r#""FPort":"1""#)
        .replace(r#""LrrRSSI":-114.0,"LrrSNR":4.75,"Late""#, r#""Late""#);
    assert_eq!(show(&decode(topic, text).unwrap().1), occupied("2026-11-21T20:00:05.138Z []", "-114", "4.75"));
    // A gateway that was cut off sends what it kept: stored at the time at which it was heard.
    let late = payload.replace("21:00:05.138", "12:00:05.138").replace(r#""Late":0"#, r#""Late":1"#);
    assert_eq!(show(&decode(topic, late).unwrap().1)[0], "parking.occupied#0 = 1 @ 2026-11-21T11:00:05.138Z [late]");
    let cases = [
        (r#"{"DevEUI_downlink_Sent":{"DevEUI":"0101010101010101"}}"#.to_owned(), "no_reading"),
        (r#"{"DevEUI_location":{}}"#.to_owned(), "no_reading"),
        (r#"{"Other":{}}"#.to_owned(), "bad_shape"),
        (payload.replace(r#""payload_hex":"95""#, r#""payload_hex":"""#), "no_reading"),
        (payload.replace(r#""payload_hex":"95""#, r#""payload_hex":"9""#), "bad_bytes"),
        (payload.replace(r#""payload_hex":"95""#, r#""payload_hex":"9g""#), "bad_bytes"),
        (payload.replace("2026-11-21T21:00:05.138+01:00", "2026-11-21T21:00:05"), "bad_time"),
        (payload.replace(r#""DevEUI":"0101010101010101""#, r#""DevEUI":"x""#), "bad_name"),
        (payload.replace(":26,", ":2.5,"), "bad_shape"),
        ("[]".to_owned(), "bad_shape"),
        ("<DevEUI_uplink>".to_owned(), "not_json"),
    ];
    for (payload, expected) in cases {
        assert_eq!(code("thingpark", &payload), expected, "{payload}");
    }
}

#[test]
fn loriot_tells_a_frame_twice_and_both_give_the_same_readings() {
    let rx = r#"{"cmd":"rx","seqno":3040,"EUI":"0101010101010101","ts":1795291205938,"fcnt":2,"port":1,"rssi":-38,"snr":8.5,"ack":false,"bat":94,"data":"95"}"#;
    let gw = r#"{"cmd":"gw","seqno":3040,"EUI":"0101010101010101","ts":1795291205938,"fcnt":2,"port":1,"ack":true,"bat":94,"data":"95",
        "gws":[{"rssi":-42,"snr":8.8,"gweui":"01"},{"rssi":-38,"snr":8.5,"gweui":"02"}]}"#;
    let expected = occupied("2026-11-21T20:00:05.938Z []", "-38", "8.5");
    assert_eq!(show(&explain("loriot", "#", "x", rx).readings), expected);
    assert_eq!(show(&explain("loriot", "#", "x", gw).readings), expected);
    let battery = rx.replace(r#""data":"95""#, r#""data":"""#);
    assert!(show(&explain("loriot", "#", "x", &battery).readings)[0].starts_with("battery.level#0 = 36.75"));
    let cases = [
        (battery.replace(r#""bat":94"#, r#""bat":255"#), "no_reading"),
        (battery.replace(r#""bat":94"#, r#""bat":0"#), "no_reading"),
        (battery.replace(r#""data":"""#, r#""encdata":"a1b2""#), "needs_key"),
        (rx.replace(r#""cmd":"rx""#, r#""cmd":"txd""#), "no_reading"),
        (rx.replace(r#""cmd":"rx","#, ""), "bad_shape"),
        (rx.replace(r#""data":"95""#, r#""data":"95f""#), "bad_bytes"),
        (rx.replace("1795291205938", "-5"), "bad_time"),
        (rx.replace(r#""EUI":"01"#, r#""EUI":"z1"#), "bad_name"),
        (rx.replace(r#""port":1"#, r#""port":-1"#), "bad_shape"),
    ];
    for (payload, expected) in cases {
        assert_eq!(code("loriot", &payload), expected, "{payload}");
    }
}

const MILESIGHT: &str = r#"{"applicationID":1,"applicationName":"cloud","deviceName":"bay","devEUI":"0101010101010101",
    "time":"2026-1121T20:00:05.547336Z","rxInfo":[{"mac":"24e124fffef021be","rssi":-57,"loRaSNR":10,"name":"local"}],
    "txInfo":{"adr":false},"fCnt":0,"fPort":1,"data":"lQ=="}"#;

#[test]
fn milesight_gateways_write_base64_or_hexadecimal_and_may_lose_a_dash_of_the_date() {
    let expected = occupied("2026-11-21T20:00:05.547Z []", "-57", "10");
    for (envelope, data) in [("milesight", "lQ=="), ("milesight", "95"), ("milesight-hex", "95")] {
        let payload = MILESIGHT.replace("lQ==", data);
        assert_eq!(show(&explain(envelope, "#", "x", &payload).readings), expected, "{envelope} {data}");
    }
    // What could be both is what the name says.
    let both = MILESIGHT.replace("lQ==", "01756403");
    let bytes = |envelope| explain(envelope, "#", "x", &both).uplinks.remove(0).bytes.unwrap();
    assert_eq!(bytes("milesight-hex"), [0x01, 0x75, 0x64, 0x03]);
    assert_eq!(bytes("milesight").len(), 6);
}

#[test]
fn fields_that_a_milesight_gateway_decoded_stand_for_the_bytes_where_there_are_none() {
    let decoded = MILESIGHT.replace(r#""data":"lQ==""#, r#""parking.occupied":1,"battery.level":90"#);
    let at = "@ 2026-11-21T20:00:05.547Z []";
    let out = explain("milesight-gateway", "#", "x", decoded.replace("0101010101010101", "0101010101010102")).readings;
    assert_eq!(show(&out)[..2], [format!("battery.level#0 = 90 {at}"), format!("parking.occupied#0 = 1 {at}")]);
    let cases = [
        (MILESIGHT.replace(r#","data":"lQ==""#, ""), "no_reading"),
        (MILESIGHT.replace("lQ==", "l%=="), "bad_bytes"),
        (MILESIGHT.replace("2026-1121T", "2026-1321T"), "bad_time"),
        (MILESIGHT.replace("2026-1121T", "née"), "bad_time"),
        (MILESIGHT.replace(r#""devEUI":"0101010101010101","#, ""), "bad_name"),
        ("7".to_owned(), "bad_shape"),
        (String::new(), "not_json"),
    ];
    for (payload, expected) in cases {
        assert_eq!(code("milesight", &payload), expected, "{payload}");
    }
}

#[test]
fn helium_is_not_believed_when_it_reports_from_the_year_2472() {
    let topic = "helium/7c523974-4ce7-4a92-948b-55171a6e4d77/rx";
    let payload = r#"{"app_eui":"6948A4B59F4666AD","dev_eui":"0101010101010101","fcnt":19,"hotspots":[{"name":"icy-fiery-hippo",
        "rssi":-54,"snr":9.5,"reported_at":15868685461234}],"id":"7c523974","payload":"lQ==","port":1,"reported_at":15868685461234,
        "decoded":{"payload":{"occupied":true},"status":"success"}}"#;
    assert_eq!(show(&decode(topic, payload).unwrap().1), occupied("2026-11-21T20:00:10.000Z []", "-54", "9.5"));
    let honest = payload.replace(r#""port":1,"reported_at":15868685461234"#, r#""port":1,"reported_at":1795291205000"#);
    assert_eq!(decode(topic, honest).unwrap().1[0].observed_at, "2026-11-21T20:00:05Z".parse::<Timestamp>().unwrap());
    assert_eq!(code("helium", payload.replace(r#""payload":"lQ==""#, r#""payload":"lQ""#)), "bad_bytes");
    assert_eq!(code("helium", payload.replace(r#""payload":"lQ==","#, "")), "no_reading");
    assert_eq!(code("helium-console", "{}"), "bad_name");
}

#[test]
fn netmore_sends_events_of_several_devices_at_once() {
    let payload = r#"[{"devEui":"0101010101010101","timestamp":"2026-11-21T20:00:05.053Z","payload":"95","dr":0,"rssi":"-104","snr":"-2",
        "gatewayIdentifier":"824","messageType":"payload","fPort":"1"},
        {"devEui":"00137a1000000001","timestamp":"2026-11-21T20:00:06Z","payload":"0134012401012C0107320A","fPort":"6"},
        {"devEui":"0101010101010101","messageType":"join","timestamp":"2026-11-21T20:00:06Z"}]"#;
    let explained = explain("netmore", "#", "x", payload);
    let devices: Vec<&str> = explained.uplinks.iter().map(|u| u.device.as_str()).collect();
    assert_eq!(devices, ["0101010101010101", "00137a1000000001"]);
    assert_eq!(show(&explained.readings)[..4], occupied("2026-11-21T20:00:05.053Z []", "-104", "-2"));
    assert_eq!(explained.result.unwrap().readings, explained.readings.len());
    assert!(explained.readings.len() > 4);
    assert_eq!(code("netmore", r#"{"devEui":"0101010101010101","payload":"95","fPort":1}"#), "read");
    assert_eq!(code("netmore", "[]"), "no_reading");
    assert_eq!(code("netmore", r#"[{"devEui":"0101010101010101","payload":"95","fPort":"one"}]"#), "bad_shape");
}

#[test]
fn chirpstack_v3_is_read_without_the_time_of_a_gateway() {
    let topic = "application/1/device/0101010101010101/event/up";
    let payload = r#"{"applicationID":"1","deviceName":"bay","devEUI":"AQEBAQEBAQE=","rxInfo":[{"gatewayID":"AwMDAwMDAwM=",
        "time":"2019-11-08T13:59:25Z","rssi":-48,"loRaSNR":9.5}],"adr":true,"dr":1,"fCnt":10,"fPort":1,"data":"lQ==",
        "objectJSON":"{\"state\":1}"}"#;
    let expected = ["parking.occupied#0 = 1", "parking.prev_state_duration#0 = 4440", "radio.rssi#0 = -48", "radio.snr#0 = 9.5"];
    assert_eq!(show(&decode(topic, payload).unwrap().1), expected.map(|line| format!("{line} @ 2026-11-21T20:00:10.000Z []")));
    assert!(decode(topic, payload.replace("AQEBAQEBAQE=", "0101010101010101")).is_ok(), "hexadecimal, if it is told to");
    assert!(decode("application/1/device/0101010101010101/rx", payload).is_ok(), "its first versions");
    let published = payload.replace(r#""adr":true"#, r#""publishedAt":"2026-11-21T19:59:59Z""#);
    assert_eq!(decode(topic, published).unwrap().1[0].observed_at, "2026-11-21T19:59:59Z".parse().unwrap());
    assert_eq!(decode(topic, payload.replace("AQEBAQEBAQE=", "AQEBAQEBAQI=")).unwrap_err().code(), "device_mismatch");
}
