//! French: people: who looks, what was done, and what is kept of them.

use crate::plural::Count;
use crate::words::pages::{Account, Audit, Entry, Privacy};

pub(super) const ENTRY: Entry = Entry {
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

pub(super) const ACCOUNT: Account = Account {
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

pub(super) const AUDIT: Audit = Audit {
    title: "Journal d’audit",
    rows: Count::latin("Rien n’est encore inscrit", "{} ligne inscrite", "{} lignes inscrites"),
    whole: "Chaque ligne est telle qu’elle a été écrite. Empreinte de la dernière :",
    broken: "La chaîne est rompue à la ligne",
    done: "Ce qui a été fait, le plus récent d’abord",
    none: "Rien n’est encore inscrit.",
    what: "Quoi",
    who: "Qui",
    outcome: "Issue",
    when: "Quand",
    older: "Lignes plus anciennes",
};

pub(super) const PRIVACY: Privacy = Privacy {
    section: "Transparence",
    title: "Données personnelles",
    keeping: "Ce qui est conservé",
    sealed: "Les messages des compteurs d’eau sont scellés à leur arrivée et conservés sous un pseudonyme, nouveau chaque année. \
             Le chemin inverse demande une clé gardée ailleurs, une finalité de cette page, et laisse une trace.",
    open: "Attention : cette plateforme n’a pas de clés. Les compteurs d’eau sont conservés sous leur propre numéro.",
    simulated: "Les compteurs de cette démonstration sont simulés : personne n’est derrière.",
    published: "Ne sont publiées que des sommes d’au moins dix compteurs, dont aucun ne pèse plus de la moitié.",
    purposes: "Finalités",
    none: "Aucune finalité n’est inscrite.",
    data: "Données",
    basis: "Fondement",
    keep: "Conservation",
    days: Count::latin("0 jour", "1 jour", "{} jours"),
    receipt: "Récépissé de la CNDP",
    undeclared: "pas encore déclaré",
    reveals: "Levée du pseudonyme",
    reveals_yes: "possible pour cette finalité ; chaque fois inscrite au journal",
    reveals_no: "jamais pour cette finalité",
    sets: "Données conservées",
    set: "Données",
    class: "Classe",
    place: "Lieu (pays)",
    public: "publiques",
    internal: "internes",
    sensitive: "sensibles",
    at_home: "Les données sensibles restent dans ce pays :",
    rights: "Vos droits",
    rights_text: "La loi 09-08 vous donne un droit d’accès (article 7), de rectification et d’effacement sous dix jours francs \
                  (article 8) et d’opposition (article 9). Adressez-vous à votre commune ou à la CNDP.",
};
