//! The words of one's own account, in three languages.

use crate::lang::Lang;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    pub(super) second_factor: &'static str,
    pub(super) none: &'static str,
    pub(super) begin: &'static str,
    pub(super) begun: &'static str,
    pub(super) picture: &'static str,
    pub(super) secret: &'static str,
    pub(super) confirm: &'static str,
    pub(super) confirmed: &'static str,
    pub(super) codes: &'static str,
    pub(super) asked: &'static str,
    pub(super) left: &'static str,
    pub(super) end: &'static str,
}

const FR: Texts = Texts {
    title: "Mon compte",
    second_factor: "Second facteur",
    none: "À chaque connexion, un code de votre téléphone peut être demandé en plus du mot de passe.",
    begin: "Mettre en place",
    begun: "Photographiez cette image avec une application d’authentification, ou saisissez-y le secret. Puis tapez ici le code qu’elle affiche.",
    picture: "Image à photographier avec l’application d’authentification",
    secret: "Secret :",
    confirm: "Activer",
    confirmed: "Le second facteur est activé.",
    codes: "Codes de secours, affichés cette seule fois. Chacun sert une fois à la place d’un code, si le téléphone est perdu : gardez-les ailleurs que dans le téléphone.",
    asked: "Un code est demandé à chaque connexion depuis le",
    left: "Codes de secours restants :",
    end: "Désactiver",
};

const AR: Texts = Texts {
    title: "حسابي",
    second_factor: "العامل الثاني",
    none: "يمكن أن يُطلب عند كل تسجيل دخول رمز من هاتفك إضافة إلى كلمة المرور.",
    begin: "إعداد",
    begun: "صوّر هذه الصورة بتطبيق المصادقة، أو أدخل فيه السر. ثم اكتب هنا الرمز الذي يعرضه.",
    picture: "صورة تُلتقط بتطبيق المصادقة",
    secret: "السر:",
    confirm: "تفعيل",
    confirmed: "تم تفعيل العامل الثاني.",
    codes: "رموز الاسترداد، تُعرض هذه المرة فقط. يُستعمل كل رمز مرة واحدة بدل رمز الهاتف إذا ضاع: احفظها في غير الهاتف.",
    asked: "يُطلب رمز عند كل تسجيل دخول منذ",
    left: "رموز الاسترداد المتبقية:",
    end: "إلغاء التفعيل",
};

const EN: Texts = Texts {
    title: "My account",
    second_factor: "Second factor",
    none: "At each signing in a code of your telephone can be asked for, besides the password.",
    begin: "Set it up",
    begun: "Take a picture of this with an authenticator, or type the secret into it. Then type the code that it shows.",
    picture: "Picture for the authenticator",
    secret: "Secret:",
    confirm: "Turn it on",
    confirmed: "The second factor is on.",
    codes: "Recovery codes, shown this once. Each works once in place of a code, should the telephone be lost: keep them elsewhere than in it.",
    asked: "A code is asked for at each signing in since",
    left: "Recovery codes left:",
    end: "Turn it off",
};

/// In this language.
pub(super) const fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Fr => &FR,
        Lang::Ar => &AR,
        Lang::En => &EN,
    }
}
