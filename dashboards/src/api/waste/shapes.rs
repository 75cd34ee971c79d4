//! A worklist as a map (GeoJSON, RFC 7946) and as a route for a navigation device (GPX 1.1).

use std::fmt::Write;

use axum::response::Response;
use schemas::Place;
use serde_json::{Value, json};

use super::worklist::{Body, Stop};
use crate::api::answer::file;

/// A point a stop, and a line a round from the depot and back.
pub(super) fn geojson(list: &Body) -> Response {
    let mut features: Vec<Value> = Vec::new();
    for tour in &list.rounds {
        features.extend(
            tour.stops.iter().map(|stop| feature(&json!({ "type": "Point", "coordinates": position(stop.place) }), stop)),
        );
        let ends = list.depot.into_iter();
        let way: Vec<Value> = ends.clone().chain(tour.stops.iter().map(|stop| stop.place)).chain(ends).map(position).collect();
        let line = json!({ "type": "LineString", "coordinates": way });
        features.push(
            json!({ "type": "Feature", "geometry": line, "properties": { "round": tour.round, "stops": tour.stops.len() } }),
        );
    }
    let text = json!({ "type": "FeatureCollection", "features": features }).to_string();
    file(text, "application/geo+json", "waste-worklist.geojson")
}

fn feature(geometry: &Value, stop: &Stop) -> Value {
    json!({ "type": "Feature", "id": format!("{}-{}", stop.round, stop.order), "geometry": geometry, "properties": stop })
}

fn position(place: Place) -> Value {
    json!([place.lon(), place.lat()])
}

/// A route a round.
pub(super) fn gpx(list: &Body) -> Response {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "<gpx version=\"1.1\" creator=\"Marsad\" xmlns=\"http://www.topografix.com/GPX/1/1\">");
    for tour in &list.rounds {
        let _ = writeln!(text, "  <rte><name>{} {}</name>", escaped(&list.contractor), tour.round);
        let depot = |text: &mut String| {
            if let Some(place) = list.depot {
                let _ = writeln!(text, "    <rtept lat=\"{}\" lon=\"{}\"><name>depot</name></rtept>", place.lat(), place.lon());
            }
        };
        depot(&mut text);
        for stop in &tour.stops {
            let (lat, lon, order) = (stop.place.lat(), stop.place.lon(), stop.order);
            let label = stop.label.as_deref().unwrap_or_default();
            let name = escaped(&format!("{order} {} {label}", stop.bin));
            let _ = writeln!(
                text,
                "    <rtept lat=\"{lat}\" lon=\"{lon}\"><name>{}</name><desc>{:.0} %</desc></rtept>",
                name.trim_end(),
                stop.fill
            );
        }
        depot(&mut text);
        text += "  </rte>\n";
    }
    text += "</gpx>\n";
    file(text, "application/gpx+xml", "waste-worklist.gpx")
}

/// Text within XML; characters that XML 1.0 does not have become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_label_breaks_no_document() {
        assert_eq!(escaped("Rue <A> & \"B\"\u{1}"), "Rue &lt;A&gt; &amp; &quot;B&quot; ");
    }
}
