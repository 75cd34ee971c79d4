//! Arabic: reports, and how they are sent.

use crate::plural::Count;
use crate::words::pages::{Indicators, Mailings, Post, Report};

pub(super) const REPORT: Report = Report {
    title: "التقارير",
    answer: "هواء يوم أو شهر، وجمع النفايات خلال أسبوع",
    daily: "نشرة الهواء",
    monthly: "التقرير الشهري للهواء",
    weekly: "جمع النفايات: مؤشرات الأسبوع",
    print: "طباعة",
    save: "حفظ الملف",
    made: "أُنجز يوم",
    from_to: ["من ", " إلى "],
    worst_hour: "أسوأ ساعة",
    worst: "المؤشر",
    by_hour: "ساعة بساعة",
    day_mean: "اليوم",
    max_hour: "أقصى ساعة",
    max_8h: "أقصى 8 ساعات",
    valid: "ساعات صالحة",
    strip_note: "خانة لكل ساعة محلية من 0 إلى 24؛ والخانة الفارغة بلا مؤشر.",
    index: "المؤشر الأوروبي (EAQI 2024) من 1 إلى 6.",
    remarks: "ملاحظات (بالإنجليزية)",
    poor_days: "الأيام التي عرفت فيها محطة واحدة على الأقل ساعة سيئة",
    calendar: "اليومية",
    calendar_note: "مؤشر أسوأ ساعة في اليوم، كل المحطات",
    shares: "حصة الساعات عند كل مؤشر؛ والفارغ غير معروف",
    month_mean: "المتوسط",
    capture: "بيانات صالحة",
    above_in_month: "فوق حد خلال الشهر؛ والمسموح به يخص السنة",
    overflow: "الفيضان، كل الحاويات",
    by_zone: "حسب المقاطعة",
    a_day: "في اليوم",
    kpis: ["الحاويات", "الفيضان", "وسيط الاستجابة", "حرجة في الأجل", "الإفراغات", "غير لازمة", "الفائتة", "التوفر"],
    kpi_note: "غير لازم: إفراغ حاوية شبه فارغة. فائت: حاوية بلغت مستوى الجولة عند منتصف الليل ولم تفرغ قبل الجولة التالية. الشرطة: بيانات قليلة جدا.",
};

pub(super) const INDICATORS: Indicators =
    Indicators { title: "مؤشرات الجمع", spans: ["7 أيام", "4 أسابيع", "90 يوما"] };

pub(super) const MAILINGS: Mailings = Mailings {
    title: "الإرسال بالبريد الإلكتروني",
    late: Count {
        zero: "وصلت كلها",
        one: "عدد واحد لم يصل",
        two: "عددان لم يصلا",
        few: "{} أعداد لم تصل",
        many: "{} عددا لم يصل",
        other: "{} عدد لم يصل",
    },
    none: "لا إرسال مبرمج: يضاف بجدول \u{2066}[[report]]\u{2069} في الإعدادات.",
    report: "التقرير",
    receiver: "المرسل إليه",
    state: "الحالة",
    sent: "آخر عدد أرسل",
    next: "الإرسال القادم",
    arrived: "أرسل",
    unmade: "لم يعد بعد",
    waiting: "ينتظر الإرسال",
    dead: "تم التخلي عنه",
    attempts: Count {
        zero: "لا محاولة",
        one: "محاولة واحدة",
        two: "محاولتان",
        few: "{} محاولات",
        many: "{} محاولة",
        other: "{} محاولة",
    },
    again: "محاولة جديدة",
};

pub(super) const POST: Post = Post {
    attached: "التقرير مرفق: ملف يفتح في المتصفح دون إنترنت، ويطبع على ورق A4.",
    inline: "التقرير هو جزء HTML من هذه الرسالة.",
};
