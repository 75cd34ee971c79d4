//! The page of events, faults and scenarios, from the tables that bring them about.

use std::fmt::Write as _;

use simulators::{FAULTS, SHIPPED, Scenario};

const PAGE: &str = "docs/reference/faults.md";

#[test]
fn the_page_of_faults_is_what_the_tables_say() {
    let mut page = String::from(
        "# Events, faults and scenarios\n\nWhat can happen in a simulated city and what can go wrong, as [scenarios](../ci.md#a-scenario) name it and as the ground\ntruth labels it. Generated from [fault.rs](../../simulators/src/fault.rs) and\n[the scenarios](../../simulators/src/shipped.rs);\n[`the_page_of_faults_is_what_the_tables_say`](../../tests/tests/references/faults.rs). That each does what it is called:\n[`each_event_and_fault_comes_out_of_the_decoder_as_the_truth_says`](../../simulators/tests/play.rs).\n\n| name | class | what | amount, where none is given |\n|---|---|---|---|\n",
    );
    for fault in &FAULTS {
        let amount = if fault.unit.is_empty() { String::new() } else { format!("{} {}", fault.amount, fault.unit) };
        writeln!(page, "| `{}` | {} | {} | {amount} |", fault.name, fault.class.name(), fault.about).expect("text");
    }
    page += "\nA line of class *event* stands in `[[event]]`, the others in `[[fault]]`.\n\n## Scenarios of the program\n\n| scenario | devices | lasts | what it shows |\n|---|---|---|---|\n";
    for (name, text) in &SHIPPED {
        let Scenario { about, world, .. } = Scenario::parse(text).expect("a scenario");
        let hours = world.lasts.as_secs() / 3600;
        writeln!(page, "| [{name}](../../simulators/scenarios/{name}.toml) | {} | {hours} h | {about} |", world.devices)
            .expect("text");
    }
    tests::generated(PAGE, &page);
}
