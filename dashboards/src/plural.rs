//! Counting in words: plural forms of the Unicode CLDR (cardinal, integers). Which number takes which form, each language says.

use crate::lang::Lang;
use crate::numbers::whole;

/// A form that a number takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

impl Form {
    /// Of a language with a singular, a plural and a word for none.
    pub(crate) const fn of_two(n: u64) -> Form {
        match n {
            0 => Form::Zero,
            1 => Form::One,
            _ => Form::Other,
        }
    }
}

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
        let phrase = match (lang.writing().plural)(n) {
            Form::Zero => self.zero,
            Form::One => self.one,
            Form::Two => self.two,
            Form::Few => self.few,
            Form::Many => self.many,
            Form::Other => self.other,
        };
        phrase.replace("{}", &whole(lang, n))
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::lang;

    #[test]
    fn arabic_has_six_forms() {
        let hours = &lang("ar").words().hours;
        let said: Vec<_> = [0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111, 200].map(|n| hours.say(lang("ar"), n)).into();
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
        let alerts = &lang("ar").words().alerts_open;
        assert_eq!(alerts.say(lang("ar"), 2), "إنذاران مفتوحان");
        assert_eq!(alerts.say(lang("ar"), 11), "11 إنذارا مفتوحا");
        assert_eq!(alerts.say(lang("ar"), 100), "100 إنذار مفتوح");
    }

    #[test]
    fn french_and_english_have_two_and_a_word_for_none() {
        assert_eq!(lang("fr").words().alerts_open.say(lang("fr"), 0), "aucune alerte ouverte");
        assert_eq!(lang("fr").words().alerts_open.say(lang("fr"), 1), "1 alerte ouverte");
        assert_eq!(lang("fr").words().alerts_open.say(lang("fr"), 1200), "1\u{202f}200 alertes ouvertes");
        assert_eq!(lang("en").words().alerts_open.say(lang("en"), 1200), "1,200 open alerts");
    }
}
