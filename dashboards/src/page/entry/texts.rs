//! The words of signing in, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) open: &'static str,
    pub(super) signed_in: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) name: &'static str,
    pub(super) password: &'static str,
    pub(super) wrong: &'static str,
    pub(super) locked: &'static str,
    pub(super) slower: &'static str,
    pub(super) wrong_code: &'static str,
    pub(super) code_title: &'static str,
    pub(super) code_note: &'static str,
    pub(super) code: &'static str,
    pub(super) again: &'static str,
    pub(super) not_now: &'static str,
    pub(super) directory_away: &'static str,
    pub(super) unvouched: &'static str,
    pub(super) no_standing: &'static str,
    pub(super) entered: &'static str,
    pub(super) go_on: &'static str,
    pub(super) set_up: &'static str,
    pub(super) set_up_note: &'static str,
}

const FR: Texts = Texts {
    open: "Sans mot de passe : cette page n’est servie qu’à cette machine (loopback).",
    signed_in: "Connecté :",
    sign_in: "Se connecter",
    sign_out: "Se déconnecter",
    name: "Nom",
    password: "Mot de passe",
    wrong: "Nom ou mot de passe incorrect.",
    locked: "Trop de mots de passe incorrects. Réessayez après",
    slower: "Trop d’essais depuis cette adresse. Réessayez dans une minute.",
    wrong_code: "Ce code est faux, a déjà servi ou arrive trop tard.",
    code_title: "Second facteur",
    code_note: "Saisissez le code à six chiffres de votre application, ou un code de secours.",
    code: "Code",
    again: "Recommencer",
    not_now: "Connexion impossible pour le moment.",
    directory_away: "L’annuaire de la ville ne répond pas. Réessayez plus tard.",
    unvouched: "L’annuaire de la ville n’a pas confirmé cette connexion. Recommencez.",
    no_standing: "L’annuaire de la ville ne vous donne aucun rôle ici.",
    entered: "Vous êtes connecté",
    go_on: "Continuer",
    set_up: "Créer le premier administrateur",
    set_up_note: "Ce lien ne sert qu’une fois. Le mot de passe a 12 caractères ou plus.",
};

const AR: Texts = Texts {
    open: "بدون كلمة مرور: هذه الصفحة متاحة لهذا الجهاز فقط (loopback).",
    signed_in: "متصل:",
    sign_in: "تسجيل الدخول",
    sign_out: "تسجيل الخروج",
    name: "الاسم",
    password: "كلمة المرور",
    wrong: "الاسم أو كلمة المرور غير صحيحة.",
    locked: "محاولات خاطئة كثيرة. أعد المحاولة بعد",
    slower: "محاولات كثيرة من هذا العنوان. أعد المحاولة بعد دقيقة.",
    wrong_code: "هذا الرمز خاطئ أو سبق استعماله أو وصل متأخرًا.",
    code_title: "العامل الثاني",
    code_note: "أدخل الرمز المكوّن من ستة أرقام من تطبيقك، أو أحد رموز الاسترداد.",
    code: "الرمز",
    again: "البدء من جديد",
    not_now: "تعذّر تسجيل الدخول الآن.",
    directory_away: "دليل المدينة لا يجيب. أعد المحاولة لاحقًا.",
    unvouched: "لم يؤكّد دليل المدينة هذا الدخول. ابدأ من جديد.",
    no_standing: "لا يمنحك دليل المدينة أي دور هنا.",
    entered: "تم تسجيل دخولك",
    go_on: "متابعة",
    set_up: "إنشاء المسؤول الأول",
    set_up_note: "يُستعمل هذا الرابط مرة واحدة. كلمة المرور من 12 حرفًا أو أكثر.",
};

const EN: Texts = Texts {
    open: "No password: this page is served to this machine alone (loopback only).",
    signed_in: "Signed in:",
    sign_in: "Sign in",
    sign_out: "Sign out",
    name: "Name",
    password: "Password",
    wrong: "Name or password is wrong.",
    locked: "Too many wrong passwords. Try again after",
    slower: "Too many attempts from this address. Try again in a minute.",
    wrong_code: "This code is wrong, was used before, or came too late.",
    code_title: "Second factor",
    code_note: "Type the six digits that your authenticator shows, or a recovery code.",
    code: "Code",
    again: "Start again",
    not_now: "Nobody can sign in just now.",
    directory_away: "The city’s directory does not answer. Try again later.",
    unvouched: "The city’s directory has not confirmed this sign-in. Start again.",
    no_standing: "The city’s directory gives you no role here.",
    entered: "You are signed in",
    go_on: "Go on",
    set_up: "Enter the first admin",
    set_up_note: "This link works once. A password has 12 characters or more.",
};

/// In this language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
