//! Counting in words: French, Arabic and English plurals of the Unicode CLDR (cardinal, integers).

use crate::lang::Lang;
use crate::numbers::whole;

/// One phrase for each plural form; `{}` stands for the number. Languages with fewer forms repeat.
pub(crate) struct Count {
    pub(crate) zero: &'static str,
    pub(crate) one: &'static str,
    pub(crate) two: &'static str,
    pub(crate) few: &'static str,
    pub(crate) many: &'static str,
    pub(crate) other: &'static str,
}

impl Count {
    /// For languages with a singular and a plural.
    pub(crate) const fn latin(zero: &'static str, one: &'static str, other: &'static str) -> Self {
        Self { zero, one, two: other, few: other, many: other, other }
    }

    /// All phrases.
    #[cfg(test)]
    pub(crate) const fn forms(&self) -> [&'static str; 6] {
        [self.zero, self.one, self.two, self.few, self.many, self.other]
    }

    /// The phrase for `n`, with the number in it where the phrase wants one.
    pub(crate) fn say(&self, lang: Lang, n: u64) -> String {
        let phrase = match (lang, n) {
            (_, 0) => self.zero,
            (_, 1) => self.one,
            (Lang::Fr | Lang::En, _) => self.other,
            (Lang::Ar, 2) => self.two,
            (Lang::Ar, _) => match n % 100 {
                3..=10 => self.few,
                11..=99 => self.many,
                _ => self.other,
            },
        };
        phrase.replace("{}", &whole(lang, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_has_six_forms() {
        let hours = &Lang::Ar.words().hours;
        let said: Vec<_> = [0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111, 200].map(|n| hours.say(Lang::Ar, n)).into();
        assert_eq!(
            said,
            [
                "أقل من ساعة",
                "ساعة واحدة",
                "ساعتان",
                "3 ساعات",
                "10 ساعات",
                "11 ساعة",
                "99 ساعة",
                "100 ساعة",
                "101 ساعة",
                "102 ساعة",
                "103 ساعات",
                "111 ساعة",
                "200 ساعة"
            ]
        );
    }

    #[test]
    fn many_in_arabic_takes_the_accusative() {
        let alerts = &Lang::Ar.words().alerts_open;
        assert_eq!(alerts.say(Lang::Ar, 2), "إنذاران مفتوحان");
        assert_eq!(alerts.say(Lang::Ar, 11), "11 إنذارا مفتوحا");
        assert_eq!(alerts.say(Lang::Ar, 100), "100 إنذار مفتوح");
    }

    #[test]
    fn french_and_english_have_two_and_a_word_for_none() {
        assert_eq!(Lang::Fr.words().alerts_open.say(Lang::Fr, 0), "aucune alerte ouverte");
        assert_eq!(Lang::Fr.words().alerts_open.say(Lang::Fr, 1), "1 alerte ouverte");
        assert_eq!(Lang::Fr.words().alerts_open.say(Lang::Fr, 1200), "1\u{202f}200 alertes ouvertes");
        assert_eq!(Lang::En.words().alerts_open.say(Lang::En, 1200), "1,200 open alerts");
    }
}
