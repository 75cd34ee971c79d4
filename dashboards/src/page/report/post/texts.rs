//! What stands in a mail around a report, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) attached: &'static str,
    pub(super) inline: &'static str,
}

const FR: Texts = Texts {
    attached: "Le rapport est joint : un fichier qui s’ouvre dans un navigateur, sans internet, et s’imprime sur des feuilles A4.",
    inline: "Le rapport est la partie HTML de ce message.",
};

const AR: Texts = Texts {
    attached: "التقرير مرفق: ملف يفتح في المتصفح دون إنترنت، ويطبع على ورق A4.",
    inline: "التقرير هو جزء HTML من هذه الرسالة.",
};

const EN: Texts = Texts {
    attached: "The report is attached: a file that opens in a browser, without internet, and prints on sheets of A4.",
    inline: "The report is the HTML part of this message.",
};

/// The texts of a language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
