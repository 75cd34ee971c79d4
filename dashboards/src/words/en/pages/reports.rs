//! English: reports, and how they are sent.

use crate::plural::Count;
use crate::words::pages::{Indicators, Mailings, Post, Report};

pub(super) const REPORT: Report = Report {
    title: "Reports",
    answer: "The air of a day or a month, the collection of a week",
    daily: "Air bulletin",
    monthly: "Monthly air report",
    weekly: "Collection: indicators of the week",
    print: "Print",
    save: "Save the file",
    made: "Made on",
    from_to: ["", " to "],
    worst_hour: "Worst hour",
    worst: "Index",
    by_hour: "Hour by hour",
    day_mean: "day",
    max_hour: "max. hour",
    max_8h: "max. 8 h",
    valid: "Valid hours",
    strip_note: "A cell for each local hour, from 0 to 24; an empty one has no index.",
    index: "European index (EAQI 2024), from 1 to 6.",
    remarks: "Remarks",
    poor_days: "Days on which some station had a poor hour",
    calendar: "Calendar",
    calendar_note: "the index of the worst hour of the day, all stations",
    shares: "share of hours at each index; what is empty is not known",
    month_mean: "Mean",
    capture: "Valid data",
    above_in_month: "Above a limit in the month; what is permitted is of the year",
    overflow: "Overflow, all bins",
    by_zone: "by district",
    a_day: "a day",
    kpis: ["Bins", "Overflow", "Median response", "Critical in time", "Emptyings", "Needless", "Missed", "Availability"],
    kpi_note: "Needless: emptied while nearly empty. Missed: at the level of a round at midnight and not emptied before the next. A dash: too few data.",
};

pub(super) const INDICATORS: Indicators = Indicators { title: "Collection: indicators", spans: ["7 days", "4 weeks", "90 days"] };

pub(super) const MAILINGS: Mailings = Mailings {
    title: "Sent by mail",
    late: Count::latin("all arrived", "{} edition has not arrived", "{} editions have not arrived"),
    none: "Nothing is to be sent: a table [[report]] in the settings adds something.",
    report: "Report",
    receiver: "Receiver",
    state: "State",
    sent: "Last edition sent",
    next: "Next one goes",
    arrived: "Sent",
    unmade: "Not made yet",
    waiting: "Waits to be sent",
    dead: "Given up",
    attempts: Count::latin("no attempt", "{} attempt", "{} attempts"),
    again: "next attempt",
};

pub(super) const POST: Post = Post {
    attached: "The report is attached: a file that opens in a browser, without internet, and prints on sheets of A4.",
    inline: "The report is the HTML part of this message.",
};
