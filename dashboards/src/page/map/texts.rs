//! The words of maps, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) touch: &'static str,
    /// Before the number that a step ends with, or begins with.
    pub(super) below: &'static str,
    pub(super) from: &'static str,
}

const FR: Texts =
    Texts { touch: "Chaque signe mène à sa page ; la liste dit la même chose.", below: "moins de", from: "à partir de" };

const AR: Texts = Texts {
    touch: "كل علامة تؤدي إلى صفحتها؛ والقائمة تقول الشيء نفسه.", below: "أقل من", from: "ابتداء من"
};

const EN: Texts = Texts { touch: "Each sign leads to its page; the list says the same.", below: "below", from: "from" };

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
