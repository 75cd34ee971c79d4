use std::path::PathBuf;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("marsad.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(text: &str) -> Result<Settings, SettingsError> {
    let (_folder, path) = file(text);
    Settings::load(&Layers { files: vec![path], ..Layers::default() })
}

#[test]
fn the_defaults_are_complete_and_fit_one_another() {
    let settings = Settings::default_values().unwrap();
    check(&settings).unwrap();
}

#[test]
fn another_city_is_settings_alone() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/fez.toml");
    let settings = Settings::load(&Layers { files: vec![path.clone()], ..Layers::default() }).unwrap();
    check(&settings).unwrap();
    assert_eq!((settings.city.id.as_str(), settings.city.name.ar.as_str()), ("fez", "فاس"));
    // What the example only shows is what the settings know.
    let text = std::fs::read_to_string(&path).unwrap().replace("\n#files", "\nfiles").replace("\n#overlay", "\noverlay");
    let (_folder, shown) = file(&text.replace("\n#territories", "\nterritories"));
    Settings::load(&Layers { files: vec![shown], ..Layers::default() }).unwrap();
}

#[test]
fn later_layers_win() {
    let (_folder, path) = file("[city]\nid = \"fez\"\n[data]\ndirectory = \"/a\"\n[log]\nlevel = \"warn\"");
    let layers = Layers {
        files: vec![path],
        environment: vec![
            ("MARSAD__DATA__DIRECTORY".into(), "/b".into()),
            ("MARSAD__LOG__LEVEL".into(), "error".into()),
            ("PATH".into(), "/bin".into()),
        ],
        flags: vec![("log.level".into(), "trace".into())],
    };
    let settings = Settings::load(&layers).unwrap();
    assert_eq!(settings.city.id, "fez");
    assert_eq!(settings.data.directory, PathBuf::from("/b"));
    assert_eq!(settings.log.level, "trace");
}

#[test]
fn an_unknown_key_is_named_with_file_and_line() {
    let error = load("[log]\nlevel = \"info\"\n\n[pipeline]\ncommit_evry = \"1s\"\n").unwrap_err();
    assert!(error.place.ends_with("marsad.toml:5"), "{error}");
    assert!(error.message.contains("commit_evry") && error.message.contains("commit_every"), "{error}");
}

#[test]
fn an_unknown_section_is_named_with_file_and_line() {
    let error = load("\n[endpont]\nlisten = \"127.0.0.1:1\"\n").unwrap_err();
    assert!(error.place.ends_with("marsad.toml:2"), "{error}");
}

#[test]
fn a_value_that_does_not_fit_is_named_with_file_and_line() {
    let error = load("[pipeline]\n# comment\ncommit_every = \"soon\"\n").unwrap_err();
    assert!(error.place.ends_with("marsad.toml:3"), "{error}");
    let error = load("[pipeline]\nflush_readings = \"many\"\n").unwrap_err();
    assert!(error.place.ends_with("marsad.toml:2"), "{error}");
    assert!(error.message.contains("many"), "{error}");
}

#[test]
fn broken_toml_is_named_with_file_and_line() {
    let error = load("[log]\nlevel = \n").unwrap_err();
    assert!(error.place.ends_with("marsad.toml:2"), "{error}");
}

#[test]
fn a_wrong_variable_is_named() {
    let layers = Layers { environment: vec![("MARSAD__PIPELINE__DRAIN".into(), "never".into())], ..Layers::default() };
    let error = Settings::load(&layers).unwrap_err();
    assert_eq!(error.place, "MARSAD__PIPELINE__DRAIN", "{error}");
    let layers = Layers { environment: vec![("MARSAD__STOR__URL".into(), "x".into())], ..Layers::default() };
    assert!(Settings::load(&layers).unwrap_err().message.contains("stor"));
}

#[test]
fn a_device_listed_twice_is_named_with_file_and_line() {
    let (_folder, path) = file(
        "[[device]]\nid = \"a\"\nkind = \"waste\"\nzone = \"anfa\"\n\n[[device]]\nid = \"a\"\nkind = \"waste\"\nzone = \"anfa\"\n",
    );
    let errors = devices(&[path]).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("twice"), "{}", errors[0]);
    assert!(errors[0].place.ends_with(":6"), "{}", errors[0]);
}

#[test]
fn outlines_that_cannot_be_drawn_and_tiles_that_cannot_be_fetched_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("marsad.toml");
    let wrong = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let settings = Settings::load(&Layers { files: vec![path.clone()], ..Layers::default() }).unwrap();
        check(&settings).unwrap_err()
    };
    let [error] = wrong("[map]\noverlay = \"fez.geojson\"\n").try_into().unwrap();
    assert!(error.place.ends_with("fez.geojson") && error.message.contains("No such file"), "{error}");
    let point = r#"{ "type": "Feature", "properties": {}, "geometry": { "type": "Point", "coordinates": [-5.0, 34.0] } }"#;
    let collection = format!(r#"{{ "type": "FeatureCollection", "features": [ {point} ] }}"#);
    std::fs::write(folder.path().join("fez.geojson"), collection).unwrap();
    let [error] = wrong("[map]\noverlay = \"fez.geojson\"\n").try_into().unwrap();
    assert!(error.place.ends_with("fez.geojson"), "{error}");
    assert!(error.message.contains("features[0].geometry: a Point, expected a Polygon"), "{error}");
    let [error] = wrong("[map]\ntile_url = \"https://tiles.example.org/{z}/{x}.png\"\n").try_into().unwrap();
    assert!(error.place.ends_with("marsad.toml:2") && error.message.contains("has no {y}"), "{error}");
}

#[test]
fn a_rule_that_tells_nobody_known_is_refused() {
    let settings = Settings::default_values().unwrap();
    let rule = "[[rule]]\nid = \"x\"\nseverity = \"info\"\nhold = \"0s\"\nnotify = [\"nobody\"]\ntexts = { fr = \"a\", ar = \"b\", en = \"c\" }\n[rule.when]\nquantity = \"waste.fill\"\n[rule.threshold]\nabove = 90.0\nclear = 80.0\n";
    let errors = check::check_with(&settings, &[("mine.toml", rule)]).unwrap_err();
    assert!(errors.iter().any(|e| e.message.contains("nobody")), "{errors:?}");
}

#[test]
fn a_rule_that_is_to_be_public_and_does_not_exist_is_named_with_file_line_and_those_that_do() {
    let text = "[rules]\npacks = [\"parking\"]\n[http.public]\nrules = [\n  \"air.no2.info\",\n  \"air.no2.inof\",\n]\n";
    let (_folder, path) = file(text);
    let settings = Settings::load(&Layers { files: vec![path], ..Layers::default() }).unwrap();
    let errors = check(&settings).unwrap_err();
    let [error] = errors.as_slice() else { panic!("a shipped rule may be named where its pack is not taken: {errors:?}") };
    assert!(error.place.ends_with("marsad.toml:6"), "{error}");
    for part in ["`air.no2.inof`", "http.public.rules", "expected one of", "parking."] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
}

#[test]
fn morocco_is_at_utc_since_september_2026() {
    let zone = check(&Settings::default_values().unwrap()).unwrap().time;
    let offset = |text: &str| zone.zone().to_offset(text.parse().unwrap()).seconds();
    assert_eq!(offset("2026-09-19T12:00:00Z"), 3600);
    assert_eq!(offset("2026-09-21T12:00:00Z"), 0);
}

#[test]
fn the_shipped_example_of_a_citys_own_kind_is_a_vocabulary() {
    let example = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/green-spaces.toml"));
    let (_folder, path) = file(&format!("[vocabulary]\nfiles = [\"{}\"]\n", example.display()));
    let vocabulary = vocabulary(&Layers { files: vec![path], ..Layers::default() }).unwrap();
    let own: Vec<_> = vocabulary.rows().filter(|row| row.name.starts_with("soil.")).map(|row| row.unit.as_str()).collect();
    assert_eq!(own, ["%", "Cel", "dS/m"]);
}

#[test]
fn every_mistake_in_a_citys_vocabulary_is_told_with_file_and_line() {
    let (folder, path) = file("[vocabulary]\nfiles = [\"soil.toml\", \"gone.toml\"]\n");
    let row = "[[quantity]]\nname = \"soil.salt\"\nunit = \"dS/furlong\"\nsenml = \"\"\nclass = \"sampel\"\n\n[[kind]]\nname = \"air\"\nlabel = { fr = \"a\", ar = \"a\", en = \"a\" }\n";
    std::fs::write(folder.path().join("soil.toml"), row).unwrap();
    let errors = vocabulary(&Layers { files: vec![path.clone()], ..Layers::default() }).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("gone.toml: cannot be read"), "{told:#?}");
    assert!(told[1].contains("soil.toml:5: ") && told[1].contains("sampel"), "{told:#?}");
    assert!(told[2].contains("soil.toml:8: kind `air` is there already, in built in:"), "{told:#?}");
    let fixed =
        row.replace("sampel\"", "sample\"\nmin = 0\nmax = 9\nresolution = 1\nlabel = { fr = \"a\", ar = \"a\", en = \"a\" }");
    std::fs::write(folder.path().join("soil.toml"), fixed).unwrap();
    let errors = vocabulary(&Layers { files: vec![path], ..Layers::default() }).unwrap_err();
    assert!(errors[1].to_string().contains("soil.toml:3: `dS/furlong` is not a UCUM code"), "{errors:#?}");
}

#[test]
fn a_wrong_route_is_named_with_file_and_line() {
    let head = "[log]\nlevel = \"info\"\n\n[[route]]\ntopic = \"a/{device}\"\nenvelope = \"plain\"\n\n";
    let cases = [
        ("[[route]]\ntopic = \"a/#/b\"\nenvelope = \"plain\"\n", ":8", "a/#/b"),
        ("[[route]]\ntopic = \"b\"\nenvelope = \"plane\"\n", ":8", "plane"),
        ("[[route]]\ntopic = \"b\"\nenvelope = \"plain\"\nkind = \"weste\"\n", ":11", "weste"),
    ];
    for (text, place, part) in cases {
        let error = load(&format!("{head}{text}")).unwrap_err();
        assert!(error.place.ends_with(&format!("marsad.toml{place}")) && error.message.contains(part), "{error}");
    }
    let settings = load(&format!("{head}[[route]]\ntopic = \"b\"\nenvelope = \"plain\"\nprofile = \"nobody\"\n")).unwrap();
    let errors = check(&settings).unwrap_err();
    assert!(errors[0].place.ends_with("marsad.toml:11") && errors[0].message.contains("nobody"), "{errors:?}");
}

#[test]
fn a_citys_own_profiles_are_loaded_and_every_wrong_one_is_told_with_its_line() {
    const GOOD: &str = include_str!("../../ingest/codec/profiles/nwave-nps405.toml");
    let (folder, path) = file("[profiles]\ndirectories = [\"own\"]\n");
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let write = |name: &str, text: &str| std::fs::write(own.join(name), text).unwrap();
    write("acme.toml", &GOOD.replace("nwave-nps405", "acme-bay"));
    write("notes.txt", "not a profile");
    let load = || Settings::load(&Layers { files: vec![path.clone()], ..Layers::default() }).unwrap();
    let profiles = check(&load()).unwrap().profiles;
    assert!(profiles.named(&schemas::ProfileName::new("acme-bay").unwrap()).is_some());

    write("a-syntax.toml", "name = \"x\"\nmake = \n");
    write("b-twice.toml", GOOD);
    let broken = GOOD.replace("nwave-nps405", "acme-broken");
    let case = broken.lines().position(|line| line == "[[case]]").unwrap() + 1;
    write("c-case.toml", &broken.replacen("value = 1", "value = 7", 1));
    let errors: Vec<String> = check(&load()).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert!(errors[0].contains("own/a-syntax.toml:2: "), "{errors:#?}");
    assert!(errors[1].contains("own/b-twice.toml: there is already a profile"), "{errors:#?}");
    assert!(errors[2].contains(&format!("own/c-case.toml:{case}: case 1")), "{errors:#?}");
}

#[test]
fn a_device_with_a_profile_that_nobody_knows_or_outside_the_city_is_named_with_its_line() {
    let (folder, path) =
        file("[city]\nbounds = { south = 33.4, west = -7.8, north = 33.7, east = -7.3 }\n[devices]\nfiles = [\"d.csv\"]\n");
    std::fs::write(folder.path().join("d.csv"), "id,kind,zone,profile,lat,lon\na,waste,anfa,nobody,,\nb,waste,anfa,,48.8,2.3\n")
        .unwrap();
    let settings = Settings::load(&Layers { files: vec![path], ..Layers::default() }).unwrap();
    let errors: Vec<String> = check(&settings).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].contains("d.csv:2: ") && errors[0].contains("nobody"), "{errors:#?}");
    assert!(errors[1].contains("d.csv:3: ") && errors[1].contains("city.bounds"), "{errors:#?}");
}

#[test]
fn a_server_of_readings_that_cannot_be_used_is_refused_with_file_and_line() {
    let refused = |text: &str| check(&load(text).unwrap()).unwrap_err().remove(0);
    let address = refused("[store]\nkind = \"influx\"\n[influx]\ntoken = \"t\"\nurl = \"ftp://somewhere\"\n");
    assert!(address.place.ends_with(":5") && address.message.contains("http://"), "{address:?}");
    let token = refused("[store]\nkind = \"influx\"\n");
    assert!(token.place == "influx.token" && token.message.contains("expected a token"), "{token:?}");
    let trail = refused("[store]\nkind = \"victoria\"\n[victoria]\ntrail = \"20s\"\n");
    assert!(trail.place.ends_with(":4") && trail.message.contains("60s"), "{trail:?}");
    let flush = refused("[store]\nkind = \"victoria\"\n");
    assert!(flush.place == "pipeline.flush_every" && flush.message.contains("victoria.trail"), "{flush:?}");
    let text = "[store]\nkind = \"victoria\"\n[pipeline]\nflush_every = \"70s\"\n";
    let tenant = refused(&format!("{text}[victoria]\ntenant = \"7/8\"\n"));
    assert!(tenant.place.ends_with(":6") && tenant.message.contains("7:1"), "{tenant:?}");
    assert!(check(&load(text).unwrap()).is_ok(), "its defaults are a single node's");
}

#[test]
fn sec_13_every_store_says_in_which_country_it_is_and_sensitive_data_abroad_are_refused_with_file_and_line() {
    let refused = |text: &str| check(&load(text).unwrap()).unwrap_err();
    let odd = load("[location]\ndata = \"Morocco\"\n").unwrap_err();
    assert!(odd.place.ends_with("marsad.toml:2") && odd.message.contains("two capital letters"), "{odd}");

    let abroad = refused("\n[location]\nbackup = \"FR\"\n");
    assert!(abroad.iter().all(|error| error.place.ends_with("marsad.toml:2")), "{abroad:?}");
    let told = abroad.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(["`water`", "`people`", "`vault`"].iter().all(|name| told.contains(name)) && !told.contains("`air`"), "{told}");

    let server = "[store]\nkind = \"influx\"\n[influx]\ntoken = \"t\"\nurl = \"http://influx.example:8086\"\n";
    let unsaid = refused(server).remove(0);
    assert!(unsaid.place == "location.readings" && unsaid.message.contains("influx.example"), "{unsaid:?}");
    let cloud = refused(&format!("{server}[location]\nreadings = \"IE\"\n"));
    assert!(cloud.len() == 1 && cloud[0].message.contains("`water` is sensitive and lies in the readings in IE"), "{cloud:?}");
    assert!(check(&load(&format!("{server}[location]\nreadings = \"MA\"\n")).unwrap()).is_ok());
    assert!(check(&load(&server.replace("influx.example", "127.0.0.1")).unwrap()).is_ok(), "this machine");

    // A city's own kinds behind which people stand must be classed so.
    let open = refused("[privacy]\nkinds = [\"water\", \"parking\"]\n").remove(0);
    assert!(open.message.contains("`parking`") && open.message.contains("sensitive"), "{open:?}");
    let folder = tempfile::tempdir().unwrap();
    let register = include_str!("../assets.toml").replacen(
        "code = \"parking\"\nclass = \"internal\"",
        "code = \"parking\"\nclass = \"sensitive\"",
        1,
    );
    std::fs::write(folder.path().join("sets.toml"), register).unwrap();
    let path = folder.path().join("marsad.toml");
    std::fs::write(&path, "[privacy]\nkinds = [\"water\", \"parking\"]\nassets = \"sets.toml\"\n").unwrap();
    let settings = Settings::load(&Layers { files: vec![path], ..Layers::default() }).unwrap();
    assert!(check(&settings).is_ok());
}
