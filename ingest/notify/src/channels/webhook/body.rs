//! What is sent: a format on the wire, with a version. The same transition gives the same bytes.

use ports::{Form, Mark, Notification, Step};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use schemas::{DeviceId, Kind, Phase, Quantity, RuleId, Severity, Texts, Timestamp, Zone, named_schema};
use serde::Serialize;

/// Changes when a field changes its meaning or goes; a new field is no new version.
const VERSION: u8 = 1;

/// What a webhook receives of one step of an alert.
#[derive(Serialize, JsonSchema)]
struct Body<'a> {
    /// Changes when a field goes or changes its meaning; new fields may come at any time.
    #[schemars(extend("const" = VERSION))]
    version: u8,
    /// This step; unique for good.
    id: &'a str,
    /// The episode: the same in `firing` and in the `resolved` that ends it.
    alert: &'a str,
    /// The rule that decided.
    #[schemars(with = "RuleId")]
    rule: &'a str,
    /// How much it matters.
    #[schemars(with = "Severity")]
    severity: &'static str,
    /// Where the alert stands now.
    #[schemars(with = "Phase")]
    phase: &'static str,
    /// Where it stood before.
    #[schemars(with = "Phase")]
    previous_phase: &'static str,
    /// What was judged.
    #[schemars(with = "DeviceId")]
    device: &'a str,
    /// What the device is for.
    #[schemars(with = "Kind")]
    kind: &'static str,
    /// Where the device is.
    #[schemars(with = "Zone")]
    zone: &'a str,
    /// What is measured.
    #[schemars(with = "Quantity")]
    quantity: &'static str,
    /// Which of several sensors for it; 0 where there is one.
    sensor: u8,
    /// The unit of `value`, UCUM.
    unit: &'static str,
    /// The value that decided; null where silence decided.
    value: Option<f64>,
    /// When the condition first held.
    since: Timestamp,
    /// When the step was made, in event time.
    at: Timestamp,
    /// What to say.
    texts: &'a Texts,
    /// There where nobody had it in hand in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    escalation: Option<Escalation<'a>>,
    /// There, and true, where it comes and goes: what follows is held until it is calm.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flapping: bool,
}

/// Why a step is told further.
#[derive(Serialize, JsonSchema)]
struct Escalation<'a> {
    /// The escalation, as the settings name it.
    name: &'a str,
    /// Which of its steps, from 1; a repetition counts on.
    step: u32,
}

/// The JSON Schema of what is sent, `docs/reference/webhook.md`.
#[must_use]
pub fn webhook_schema() -> Schema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Body<'static>>();
    schema.insert("title".to_owned(), "Webhook".into());
    named_schema("webhook", u32::from(VERSION), schema)
}

/// What a webhook receives of several steps at once.
#[derive(Serialize, JsonSchema)]
struct Several<'a> {
    /// Changes when a field goes or changes its meaning; new fields may come at any time.
    #[schemars(extend("const" = VERSION))]
    version: u8,
    /// This message; unique for good at its receiver.
    id: &'a str,
    /// Why several come together: `group`, `digest` or `reminder`.
    form: &'static str,
    /// The receiver, as the settings name it.
    receiver: &'a str,
    /// The steps, in the order in which they were decided.
    steps: Vec<Body<'a>>,
}

/// The JSON Schema of what is sent of several steps, `docs/reference/webhook.md`.
#[must_use]
pub fn webhook_group_schema() -> Schema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Several<'static>>();
    schema.insert("title".to_owned(), "WebhookGroup".into());
    named_schema("webhook-group", u32::from(VERSION), schema)
}

/// The message: of one step the step itself, of several a list.
pub(super) fn json(notification: &Notification) -> Result<Vec<u8>, serde_json::Error> {
    match (notification.form, notification.steps.as_slice()) {
        (Form::Single, [step]) => json_of_step(step),
        (form, steps) => serde_json::to_vec(&Several {
            version: VERSION,
            id: &notification.id,
            form: form.code(),
            receiver: notification.receiver.as_str(),
            steps: steps.iter().map(body).collect(),
        }),
    }
}

/// One step by itself.
pub(crate) fn json_of_step(step: &Step) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&body(step))
}

fn body(step: &Step) -> Body<'_> {
    let t = &step.transition;
    Body {
        version: VERSION,
        id: &t.id.0,
        alert: &t.alert.0,
        rule: t.rule.as_str(),
        severity: t.severity.code(),
        phase: t.to.code(),
        previous_phase: t.from.code(),
        device: t.series.device.as_str(),
        kind: t.kind.name(),
        zone: t.zone.as_str(),
        quantity: t.series.quantity.name(),
        sensor: t.series.channel,
        unit: t.series.quantity.unit(),
        value: t.value,
        since: t.since,
        at: t.at,
        texts: &t.texts,
        escalation: match &step.mark {
            Some(Mark::Escalated { escalation, rung }) => Some(Escalation { name: escalation, step: *rung }),
            Some(Mark::Flaps) | None => None,
        },
        flapping: step.mark == Some(Mark::Flaps),
    }
}
