use super::*;

const SOIL: &str = r#"[[kind]]
name = "green"
label = { fr = "Espaces verts", ar = "المساحات الخضراء", en = "Green spaces" }

[[quantity]]
name = "soil.moisture"
unit = "%"
senml = "/"
class = "sample"
min = 0
max = 100
resolution = 0.1
label = { fr = "Humidité du sol", ar = "رطوبة التربة", en = "Soil moisture" }
"#;

/// As `codec` would: it knows no unit of this name.
fn read(files: &[(&str, &str)]) -> Result<Vocabulary, Vec<RowError>> {
    Vocabulary::read(files, &|unit| if unit == "furlong" { Err("`furlong` is not a unit".to_owned()) } else { Ok(()) })
}

fn errors(text: &str) -> Vec<String> {
    read(&[("city.toml", text)]).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_city_adds_rows_after_the_built_in_ones() {
    let built_in = Vocabulary::built_in();
    let vocabulary = read(&[("city.toml", SOIL)]).unwrap();
    assert_eq!(vocabulary.kind("green"), Some(Kind(5)));
    assert_eq!(vocabulary.quantity("soil.moisture").map(|q| usize::from(q.0)), Some(built_in.quantities().count()));
    assert!(built_in.quantities.keys().eq(vocabulary.quantities.keys().take(built_in.quantities.len())));
}

#[test]
fn a_name_that_is_there_cannot_be_given_another_meaning() {
    let files = [("a.toml", SOIL), ("b.toml", "[[kind]]\nname = \"green\"\nlabel = { fr = \"x\", ar = \"x\", en = \"x\" }\n")];
    let twice = read(&files).unwrap_err();
    assert_eq!(twice.len(), 1);
    assert_eq!(twice[0].to_string(), "b.toml:2: kind `green` is there already, in a.toml:2");
    let fill = SOIL.replace("soil.moisture", "waste.fill");
    assert!(errors(&fill).join(" ").contains("quantity `waste.fill` is there already, in built in:"), "{:?}", errors(&fill));
}

#[test]
fn every_mistake_is_told_at_once_with_file_and_line() {
    let text = SOIL
        .replace("name = \"green\"", "name = \"Green\"")
        .replace("unit = \"%\"", "unit = \"furlong\"")
        .replace("max = 100", "max = -1")
        .replace("resolution = 0.1", "resolution = 0.0")
        .replace("ar = \"رطوبة التربة\"", "ar = \" \"");
    let errors = errors(&format!("{text}\n[[quantity]]\nname = \"soil.x\"\nuntis = \"%\"\n\n[[quantty]]\n"));
    let lines: Vec<_> = errors.iter().map(|e| e.split(' ').next().unwrap()).collect();
    assert_eq!(
        lines,
        ["city.toml:2:", "city.toml:7:", "city.toml:10:", "city.toml:12:", "city.toml:13:", "city.toml:17:", "city.toml:19:"],
        "{errors:#?}"
    );
    assert!(errors[5].contains("untis") && errors[6].contains("quantty"), "{errors:#?}");
}

#[test]
fn a_vocabulary_in_use_stays_as_it_is() {
    assert_eq!(Vocabulary::current(), &Vocabulary::built_in());
    assert_eq!(Vocabulary::built_in().install(), Ok(()));
    assert_eq!(read(&[("city.toml", SOIL)]).unwrap().install(), Err(InUse));
}

#[test]
fn the_factors_of_a_gas_belong_together() {
    for row in Vocabulary::built_in().rows() {
        let Some(gas) = row.gas else { continue };
        // Two roundings to four decimals stand between them and the ratio of the temperatures.
        assert!((gas.cel20 * 293.15 - gas.cel25 * 298.15).abs() < 298.15 * 1e-4, "{}", row.name);
        assert!(["ug/m3", "[ppm]"].contains(&row.unit.as_str()), "{}", row.name);
    }
}
