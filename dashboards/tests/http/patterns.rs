//! How air and streets usually are: the year, the day, the wind and the week, in the API and on the pages.

use serde_json::{Value, json};

use super::city::{HOUR, said, seconds, settle};
use super::*;

/// Three weeks of two stations, a reading each hour. PM10 is 10 at night, 30 from eight to twenty, 60 on Sundays; the first one has wind
/// from the west by day and from around north by night, with calm at four.
fn stations(town: &Town) {
    let start = at("2026-11-01T00:00:00Z");
    for id in ["air-1", "air-2"] {
        settle(town, id, Kind::AIR, "anfa", None);
    }
    for hour in 0..20 * 24 + 20 {
        let when = start.plus(seconds(hour * HOUR));
        // 1 November 2026 is a Sunday, and since September the city's clock is UTC.
        let (of_day, sunday) = (hour % 24, (hour / 24) % 7 == 0);
        let day = (8..20).contains(&of_day);
        // A little unrest: a value that does not move is doubted.
        let level = if sunday {
            60.0
        } else if day {
            30.0
        } else {
            10.0
        } + (hour % 3) as f64 * 0.1;
        let air = |id, quantity, value| said(id, Kind::AIR, "anfa", quantity, value, when);
        for id in ["air-1", "air-2"] {
            town.put([
                air(id, Quantity::AIR_PM10, level),
                air(id, Quantity::AIR_PM2_5, level * 0.2),
                air(id, Quantity::AIR_NO2, 8.0 + (hour % 5) as f64 * 0.1),
                air(id, Quantity::AIR_O3, 40.0 + (hour % 7) as f64),
            ]);
        }
        let from = if day {
            270.0
        } else if hour % 2 == 0 {
            355.0
        } else {
            5.0
        };
        let speed = if of_day == 4 { 0.1 } else { 3.0 };
        town.put([air("air-1", Quantity::AIR_WIND_DIRECTION, from), air("air-1", Quantity::AIR_WIND_SPEED, speed)]);
    }
}

#[tokio::test]
async fn a_year_has_a_level_and_a_value_beside_the_limit_for_each_day_and_none_for_one_that_was_not_measured() {
    let town = town();
    stations(&town);
    let router = router(&town);
    let year = get(&router, "/api/v1/air/calendar?station=air-1&pollutant=pm10&set=eu-2030").await.json();
    assert_eq!((&year["year"], &year["statistic"], &year["limit"]), (&2026.into(), &"day".into(), &45.0.into()));
    let days = year["days"].as_array().unwrap();
    let day = |date: &str| days.iter().find(|day| day["date"] == date).cloned().unwrap_or_else(|| panic!("no {date}"));
    assert_eq!(days.last().unwrap()["date"], "2026-11-21", "what is to come is not there");
    let (silent, sunday, monday, today) = (day("2026-10-31"), day("2026-11-08"), day("2026-11-09"), day("2026-11-21"));
    assert_eq!((&silent["level"], &silent["value"], &silent["above"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&sunday["level"], &sunday["hours"], &sunday["above"]), (&3.into(), &24.into(), &true.into()));
    assert_eq!((&monday["level"], &monday["above"]), (&2.into(), &false.into()));
    assert!((monday["value"].as_f64().unwrap() - 20.1).abs() < 1e-9, "the mean, and no hour: {monday}");
    // Of today twenty hours are over, of which all have an index; for a mean of the day eighteen are enough.
    assert_eq!((&today["level"], &today["hours"]), (&2.into(), &20.into()));
    let bare = get(&router, "/api/v1/air/calendar?station=air-1&year=2025").await.json();
    assert_eq!(bare["days"].as_array().unwrap().len(), 365);
    assert!(bare["notes"].to_string().contains("no data"), "{}", bare["notes"]);
    let csv = get(&router, "/api/v1/air/calendar?station=air-1&format=csv").await.text;
    assert!(csv.starts_with("date,level,hours,value,above\n") || csv.starts_with("date,level,hours,value,above\r\n"), "{csv}");
}

#[tokio::test]
async fn the_usual_day_tells_weekdays_from_the_weekend_and_of_how_many_hours_it_is_made() {
    let town = town();
    stations(&town);
    let profile = get(&router(&town), "/api/v1/air/profile?station=air-1&pollutant=pm10").await.json();
    let mean = |part: &str, hour: usize| profile[part][hour]["mean"].as_f64().unwrap();
    assert!((mean("weekday", 3) - 10.0).abs() < 0.2 && (mean("weekday", 12) - 30.0).abs() < 0.2, "{profile}");
    // Three Sundays of 60 and three Saturdays of 30, of which the last is not over.
    assert!((mean("weekend", 12) - 45.0).abs() < 0.2, "{profile}");
    assert_eq!((&profile["weekday"][12]["hours"], &profile["weekend"][12]["hours"]), (&15.into(), &6.into()));
    let day = get(&router(&town), "/api/v1/air/profile?station=air-1&pollutant=pm10&from=2026-11-20&to=2026-11-20").await.json();
    assert_eq!(day["weekday"][12], json!({ "hours": 1, "mean": null }), "one hour is no pattern");
}

#[tokio::test]
async fn a_rose_has_what_came_with_each_wind_and_a_station_without_wind_has_none() {
    let town = town();
    stations(&town);
    let router = router(&town);
    let rose = get(&router, "/api/v1/air/rose?station=air-1&pollutant=pm10&from=2026-11-02&to=2026-11-07").await.json();
    assert_eq!((&rose["wind"], &rose["hours"], &rose["calm"]["hours"]), (&true.into(), &144.into(), &6.into()));
    let (north, west) = (&rose["sectors"][0], &rose["sectors"][12]);
    assert_eq!((&north["hours"], &west["hours"]), (&66.into(), &72.into()), "355 and 5 degrees are north: {rose}");
    assert!((west["mean"].as_f64().unwrap() - 30.1).abs() < 0.01, "{west}");
    assert_eq!(west["bands"], json!([0, 72, 0, 0, 0, 0]));
    assert_eq!(rose["sectors"][4], json!({ "hours": 0, "mean": null, "bands": [0, 0, 0, 0, 0, 0] }));
    let none = get(&router, "/api/v1/air/rose?station=air-2&pollutant=pm10").await.json();
    assert_eq!((&none["wind"], &none["hours"]), (&false.into(), &0.into()));
    assert!(none["notes"].to_string().contains("does not say where the wind comes from"), "{none}");
}

#[tokio::test]
async fn what_cannot_be_asked_of_patterns_is_refused_in_words() {
    let town = town();
    stations(&town);
    for (query, parameter) in [
        ("air/calendar?station=air-1&year=1066", "year"),
        ("air/calendar?station=air-1&pollutant=smoke", "pollutant"),
        ("air/calendar?station=air-1&set=none", "set"),
        ("air/profile?station=air-1", "pollutant"),
        ("air/rose?pollutant=pm10", "station"),
        ("parking/week?from=tomorrow", "from"),
    ] {
        let answer = get(&router(&town), &format!("/api/v1/{query}")).await;
        assert_eq!((answer.status, &answer.json()["parameter"]), (StatusCode::BAD_REQUEST, &parameter.into()), "{query}");
    }
}

/// The part of a page between two marks.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    page.split(&format!("<section id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id}")).split("</section>").next().unwrap()
}

#[tokio::test]
async fn a_stations_page_shows_its_year_its_day_and_its_wind_and_says_where_there_is_none() {
    let town = town();
    stations(&town);
    let router = router(&town);
    let page = get(&router, "/en/air/air-1?pollutant=pm10&set=eu-2030").await.text;
    let year = part(&page, "calendar");
    assert_eq!((year.matches("<td class=\"q3\">").count(), year.matches("<td class=\"q2\">").count()), (3, 18), "{year}");
    assert!(year.contains("<td class=\"q3\">3<span class=\"vh\"> Moderate</span></td>"), "read as well as seen: {year}");
    let silent = year.split("<tbody>").nth(1).unwrap().matches("class=\"gap\"").count();
    assert_eq!(silent, 304, "from January to October a day without data is none of good air");
    assert!(
        part(&page, "profile").contains("<svg class=\"profile\"")
            && part(&page, "profile").contains("<th scope=\"row\"><bdi dir=\"ltr\">23:00")
    );
    assert!(
        part(&page, "rose").contains("Wind from W: 52 %") || part(&page, "rose").contains("Wind from W: 50 %"),
        "{}",
        part(&page, "rose")
    );
    let limits = get(&router, "/en/air/air-1?pollutant=pm10&set=eu-2030&by=limit").await.text;
    let (above, below) = ("<td class=\"over\">60</td>", "<td class=\"h0\">20</td>");
    assert_eq!(part(&limits, "calendar").matches(above).count(), 3);
    assert!(part(&limits, "calendar").matches(below).count() >= 17);
    assert!(
        limits.contains("compare")
            && limits.contains("href=\"/en/air/air-1?pollutant=pm10&amp;set=eu-2030&amp;range=7d&amp;by=index#calendar\""),
        "{limits}"
    );
    let windless = get(&router, "/fr/air/air-2").await.text;
    assert!(part(&windless, "rose").contains("Cette station ne mesure pas d’où vient le vent"), "{windless}");
    assert!(!windless.contains("<svg class=\"rose\""));
    assert_eq!(get(&router, "/en/air/air-1?by=smell").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_station_is_drawn_beside_another_and_what_else_was_chosen_stays() {
    let town = town();
    stations(&town);
    let router = router(&town);
    let page = get(&router, "/ar/air/air-1?pollutant=no2&compare=air-2&range=30d").await.text;
    let beside = page.split("data-compare=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert!(beside.starts_with("/api/v1/air/history?station=air-2&pollutant=no2&set="), "{beside}");
    assert_eq!(get(&router, &beside).await.json()["station"], "air-2");
    let other = "href=\"/ar/air/air-1?pollutant=pm10&amp;set=who-2021&amp;range=30d&amp;compare=air-2&amp;by=index\"";
    assert!(page.contains(other), "another pollutant beside the same station: {page}");
    for field in ["name=\"pollutant\" value=\"no2\"", "name=\"range\" value=\"30d\""] {
        assert!(page.contains(field), "{field}");
    }
    assert!(!get(&router, "/ar/air/air-1").await.text.contains("data-compare"));
    for odd in ["air-1", "air-9", "%20"] {
        assert_eq!(get(&router, &format!("/ar/air/air-1?compare={odd}")).await.status, StatusCode::BAD_REQUEST, "{odd}");
    }
}

/// Six bays of one zone and two of another over ten days: taken from eight to twenty, and one of the six never.
fn bays(town: &Town) {
    for (zone, count) in [("anfa", 6), ("sbata", 2)] {
        for bay in 0..count {
            let id = format!("bay-{zone}-{bay}");
            settle(town, &id, Kind::PARKING, zone, None);
            for quarter in 0..10 * 96_u64 {
                let when = at(NOW).minus(seconds(quarter * HOUR / 4));
                let hour = when.millis() / 3_600_000 % 24;
                let taken = (8..20).contains(&hour) && bay > 0;
                town.put([said(&id, Kind::PARKING, zone, Quantity::PARKING_OCCUPIED, f64::from(u8::from(taken)), when)]);
            }
        }
    }
}

#[tokio::test]
async fn a_zone_has_its_usual_week_and_one_of_few_spaces_is_withheld() {
    let town = town();
    bays(&town);
    let router = router(&town);
    let answer = get(&router, "/api/v1/parking/week?from=2026-11-14").await.json();
    let [anfa, sbata] = answer["zones"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    let hours = anfa["hours"].as_array().unwrap();
    let percent = |hour: usize| hours[hour]["occupancy"].as_f64();
    assert_eq!(hours.len(), 168);
    // Monday noon, five of six; Tuesday at three, none.
    assert_eq!((percent(12).map(f64::round), percent(24 + 3)), (Some(83.0), Some(0.0)), "{anfa}");
    assert_eq!((&sbata["withheld"], sbata.get("hours")), (&true.into(), None));
    assert!(answer["notes"].to_string().contains("withheld"), "{answer}");
    let csv = get(&router, "/api/v1/parking/week?zone=anfa&format=csv").await.text;
    assert_eq!((csv.lines().count(), csv.starts_with("zone,weekday,hour,occupancy,known,low_confidence")), (169, true));

    let page = get(&router, "/en/parking").await.text;
    let week = part(&page, "week");
    assert!(week.contains("<option value=\"anfa\" selected"), "the zone with the most spaces: {week}");
    assert_eq!(week.matches("<th scope=\"row\">").count(), 7);
    assert!(week.matches("<td class=\"h2").count() > 60 && week.matches("<td class=\"h0").count() > 60, "{week}");
    let small = get(&router, "/en/parking?zone=sbata").await.text;
    assert!(part(&small, "week").contains("withheld") && !part(&small, "week").contains("<table"), "{small}");
    assert!(part(&get(&router, "/en/parking?zone=nowhere").await.text, "week").contains("No hour of this zone is known yet."));
}
