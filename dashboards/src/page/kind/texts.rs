//! The words of the page of a city's own kind, in three languages: all others are the city's.

use crate::lang::Lang;
use crate::plural::Count;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) devices: Count,
}

const FR: Texts =
    Texts { devices: Count::latin("Aucun capteur n’a encore parlé", "{} capteur a parlé", "{} capteurs ont parlé") };

const AR: Texts = Texts {
    devices: Count {
        zero: "لم يتكلم أي مستشعر بعد",
        one: "تكلم مستشعر واحد",
        two: "تكلم مستشعران",
        few: "تكلمت {} مستشعرات",
        many: "تكلم {} مستشعرا",
        other: "تكلم {} مستشعر",
    },
};

const EN: Texts = Texts { devices: Count::latin("No sensor has spoken yet", "{} sensor has spoken", "{} sensors have spoken") };

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
