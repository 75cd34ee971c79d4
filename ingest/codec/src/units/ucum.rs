//! The Unified Code for Units of Measure, case-sensitive, as far as cities measure: metric prefixes,
//! atoms, exponents, `.` and `/`, parentheses, whole numbers, annotations (<https://ucum.org/ucum>).

use super::exact::Ratio;

/// A code is at most this long, bytes.
const LENGTH_LIMIT: usize = 64;
/// Parentheses stand at most so deep.
const DEPTH_LIMIT: u8 = 4;
/// The largest exponent.
const EXPONENT_LIMIT: i8 = 12;

/// Exponents of metre, gram, second, kelvin, coulomb, candela, degree of arc and mole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dimension([i8; 8]);

impl Dimension {
    /// A pure number.
    pub(super) const ONE: Dimension = Dimension([0; 8]);
    /// Mass by volume.
    pub(super) const DENSITY: Dimension = Dimension([-3, 1, 0, 0, 0, 0, 0, 0]);

    fn plus(self, other: Self, times: i8) -> Option<Self> {
        let mut sum = self.0;
        for (exponent, more) in sum.iter_mut().zip(other.0) {
            *exponent = exponent.checked_add(more.checked_mul(times)?)?;
        }
        Some(Self(sum))
    }
}

/// Where a unit's zero is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// So many hundredths of the unit below its zero; 0 but for temperatures.
    From(i64),
    /// A logarithm, which is comparable only with its like.
    Level(&'static str),
}

/// What a code means: so many base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) ratio: Ratio,
    pub(super) dimension: Dimension,
    pub(super) scale: Scale,
}

impl Unit {
    const ONE: Unit = Unit { ratio: Ratio::ONE, dimension: Dimension::ONE, scale: Scale::From(0) };

    fn times(self, other: Self, exponent: i8) -> Option<Self> {
        Some(Self {
            ratio: self.ratio.times(other.ratio.power(exponent)?)?,
            dimension: self.dimension.plus(other.dimension, exponent)?,
            scale: Scale::From(0),
        })
    }
}

/// Logarithms and other scales without a ratio. Of `dB[mW]` UCUM knows only the rule by which it is made.
static LEVELS: &[&str] = &["dB", "dB[SPL]", "dB[mW]", "dB[W]", "dB[V]", "B", "B[SPL]", "B[W]", "B[V]", "[pH]"];

/// Units with a zero of their own stand alone: symbol, hundredths below zero, ratio to the kelvin.
static TEMPERATURES: &[(&str, i64, u64, u64)] = &[("Cel", 27_315, 1, 1), ("[degF]", 45_967, 5, 9)];

static PREFIXES: &[(&str, i32)] = &[
    ("da", 1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("d", -1),
    ("c", -2),
    ("m", -3),
    ("u", -6),
    ("n", -9),
    ("p", -12),
    ("f", -15),
];

/// Symbol, whether it takes prefixes, `num / den x 10^ten`, exponents of the base units.
type Atom = (&'static str, bool, u64, u64, i32, [i8; 8]);

#[rustfmt::skip]
static ATOMS: &[Atom] = &[
    ("m", true, 1, 1, 0,                     [1, 0, 0, 0, 0, 0, 0, 0]),
    ("g", true, 1, 1, 0,                     [0, 1, 0, 0, 0, 0, 0, 0]),
    ("s", true, 1, 1, 0,                     [0, 0, 1, 0, 0, 0, 0, 0]),
    ("K", true, 1, 1, 0,                     [0, 0, 0, 1, 0, 0, 0, 0]),
    ("C", true, 1, 1, 0,                     [0, 0, 0, 0, 1, 0, 0, 0]),
    ("cd", true, 1, 1, 0,                    [0, 0, 0, 0, 0, 1, 0, 0]),
    ("deg", false, 1, 1, 0,                  [0, 0, 0, 0, 0, 0, 1, 0]),
    // 180 / pi: the one ratio here that no fraction has.
    ("rad", true, 5_729_577_951_308_232, 1, -14, [0, 0, 0, 0, 0, 0, 1, 0]),
    ("mol", true, 1, 1, 0,                   [0, 0, 0, 0, 0, 0, 0, 1]),
    ("%", false, 1, 1, -2,                   [0; 8]),
    ("[ppth]", false, 1, 1, -3,              [0; 8]),
    ("[ppm]", false, 1, 1, -6,               [0; 8]),
    ("[ppb]", false, 1, 1, -9,               [0; 8]),
    ("[pptr]", false, 1, 1, -12,             [0; 8]),
    ("10*", false, 10, 1, 0,                 [0; 8]),
    ("10^", false, 10, 1, 0,                 [0; 8]),
    ("L", true, 1, 1, -3,                    [3, 0, 0, 0, 0, 0, 0, 0]),
    ("l", true, 1, 1, -3,                    [3, 0, 0, 0, 0, 0, 0, 0]),
    ("t", true, 1, 1, 6,                     [0, 1, 0, 0, 0, 0, 0, 0]),
    ("ar", true, 1, 1, 2,                    [2, 0, 0, 0, 0, 0, 0, 0]),
    ("min", false, 60, 1, 0,                 [0, 0, 1, 0, 0, 0, 0, 0]),
    ("h", false, 3600, 1, 0,                 [0, 0, 1, 0, 0, 0, 0, 0]),
    ("d", false, 86_400, 1, 0,               [0, 0, 1, 0, 0, 0, 0, 0]),
    ("wk", false, 604_800, 1, 0,             [0, 0, 1, 0, 0, 0, 0, 0]),
    ("Hz", true, 1, 1, 0,                    [0, 0, -1, 0, 0, 0, 0, 0]),
    ("Bq", true, 1, 1, 0,                    [0, 0, -1, 0, 0, 0, 0, 0]),
    ("Sv", true, 1, 1, 0,                    [2, 0, -2, 0, 0, 0, 0, 0]),
    ("N", true, 1, 1, 3,                     [1, 1, -2, 0, 0, 0, 0, 0]),
    ("Pa", true, 1, 1, 3,                    [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("bar", true, 1, 1, 8,                   [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("atm", false, 101_325, 1, 3,            [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("m[H2O]", true, 980_665, 1, 1,          [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("m[Hg]", true, 133_322, 1, 3,           [-1, 1, -2, 0, 0, 0, 0, 0]),
    // Pound times standard gravity by square inch.
    ("[psi]", false, 44_482_216_152_605, 64_516, -2, [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("J", true, 1, 1, 3,                     [2, 1, -2, 0, 0, 0, 0, 0]),
    ("W", true, 1, 1, 3,                     [2, 1, -3, 0, 0, 0, 0, 0]),
    ("A", true, 1, 1, 0,                     [0, 0, -1, 0, 1, 0, 0, 0]),
    ("V", true, 1, 1, 3,                     [2, 1, -2, 0, -1, 0, 0, 0]),
    ("Ohm", true, 1, 1, 3,                   [2, 1, -1, 0, -2, 0, 0, 0]),
    ("S", true, 1, 1, -3,                    [-2, -1, 1, 0, 2, 0, 0, 0]),
    ("lm", true, 1, 1, 0,                    [0, 0, 0, 0, 0, 1, 0, 0]),
    ("lx", true, 1, 1, 0,                    [-2, 0, 0, 0, 0, 1, 0, 0]),
    ("[in_i]", false, 254, 1, -4,            [1, 0, 0, 0, 0, 0, 0, 0]),
    ("[ft_i]", false, 3048, 1, -4,           [1, 0, 0, 0, 0, 0, 0, 0]),
    ("[yd_i]", false, 9144, 1, -4,           [1, 0, 0, 0, 0, 0, 0, 0]),
    ("[mi_i]", false, 1_609_344, 1, -3,      [1, 0, 0, 0, 0, 0, 0, 0]),
    ("[kn_i]", false, 1852, 3600, 0,         [1, 0, -1, 0, 0, 0, 0, 0]),
    ("[cft_i]", false, 28_316_846_592, 1, -12, [3, 0, 0, 0, 0, 0, 0, 0]),
    ("[gal_us]", false, 3_785_411_784, 1, -12, [3, 0, 0, 0, 0, 0, 0, 0]),
    ("[gal_br]", false, 454_609, 1, -8,      [3, 0, 0, 0, 0, 0, 0, 0]),
    ("[lb_av]", false, 45_359_237, 1, -5,    [0, 1, 0, 0, 0, 0, 0, 0]),
    ("[oz_av]", false, 28_349_523_125, 1, -9, [0, 1, 0, 0, 0, 0, 0, 0]),
];

/// Reads a code.
///
/// # Errors
/// What cannot be read, in words.
pub(super) fn parse(code: &str) -> Result<Unit, String> {
    if code.is_empty() || code.len() > LENGTH_LIMIT {
        return Err(format!("expected 1 to {LENGTH_LIMIT} characters"));
    }
    let (bare, _) = code.split_once('{').unwrap_or((code, ""));
    if let Some(level) = LEVELS.iter().find(|level| **level == bare && annotation_ends(code)) {
        return Ok(Unit { scale: Scale::Level(level), ..Unit::ONE });
    }
    if let Some((_, below, num, den)) = TEMPERATURES.iter().find(|(symbol, ..)| *symbol == bare && annotation_ends(code)) {
        let ratio = Ratio::new(*num, *den, 0).ok_or_else(too_long)?;
        return Ok(Unit { ratio, dimension: Dimension([0, 0, 0, 1, 0, 0, 0, 0]), scale: Scale::From(*below) });
    }
    let mut rest = code;
    let unit = term(&mut rest, 0)?;
    if rest.is_empty() { Ok(unit) } else { Err(format!("`{rest}` does not belong there")) }
}

fn annotation_ends(code: &str) -> bool {
    code.find('{').is_none_or(|open| code.find('}').is_some_and(|close| close > open && close + 1 == code.len()))
}

fn too_long() -> String {
    "it has more digits than can be exact".to_owned()
}

/// Components with `.` and `/` between them; a leading `/` divides one.
fn term(rest: &mut &str, depth: u8) -> Result<Unit, String> {
    let mut unit = Unit::ONE;
    let mut sign = 1;
    if let Some(after) = rest.strip_prefix('/') {
        (*rest, sign) = (after, -1);
    }
    loop {
        let (factor, exponent) = component(rest, depth)?;
        unit = unit.times(factor, sign * exponent).ok_or_else(too_long)?;
        match rest.as_bytes().first() {
            Some(b'.') => sign = 1,
            Some(b'/') => sign = -1,
            _ => return Ok(unit),
        }
        *rest = rest.get(1..).unwrap_or_default();
    }
}

/// `(..)`, a whole number, or an atom with its prefix and exponent; then an annotation, or that alone.
fn component(rest: &mut &str, depth: u8) -> Result<(Unit, i8), String> {
    let part = if let Some(after) = rest.strip_prefix('(') {
        if depth == DEPTH_LIMIT {
            return Err(format!("parentheses are more than {DEPTH_LIMIT} deep"));
        }
        *rest = after;
        let unit = term(rest, depth + 1)?;
        *rest = rest.strip_prefix(')').ok_or("a parenthesis is not closed")?;
        (unit, 1)
    } else if rest.starts_with('{') {
        (Unit::ONE, 1)
    } else {
        match number(rest) {
            Some(factor) => (factor?, 1),
            None => simple(rest)?,
        }
    };
    if let Some(after) = rest.strip_prefix('{') {
        let (_, after) = after.split_once('}').ok_or("an annotation is not closed")?;
        *rest = after;
    }
    Ok(part)
}

/// A whole number; none at anything else, also at `10*` and `10^`.
fn number(rest: &mut &str) -> Option<Result<Unit, String>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at_checked(end)?;
    if digits.is_empty() || after.starts_with(['*', '^']) {
        return None;
    }
    *rest = after;
    let ratio = digits.parse().ok().and_then(|number| Ratio::new(number, 1, 0));
    Some(ratio.map(|ratio| Unit { ratio, ..Unit::ONE }).ok_or_else(|| format!("`{digits}` is not a factor")))
}

fn simple(rest: &mut &str) -> Result<(Unit, i8), String> {
    let (symbol, after) = rest.split_at_checked(symbol_end(rest)).ok_or("a character is cut")?;
    let (exponent, after) = after.split_at_checked(exponent_end(after)).ok_or("a character is cut")?;
    *rest = after;
    let unit = atom(symbol)?;
    let power = match exponent {
        "" => Some(1),
        written => written.parse::<i8>().ok().filter(|e| *e != 0 && e.abs() <= EXPONENT_LIMIT),
    };
    power.map(|power| (unit, power)).ok_or_else(|| format!("`{exponent}` is not an exponent"))
}

fn symbol_end(text: &str) -> usize {
    if text.starts_with("10*") || text.starts_with("10^") {
        return 3;
    }
    let mut inside = false;
    let ends = |c: char| match c {
        '[' => {
            inside = true;
            false
        }
        ']' => {
            inside = false;
            false
        }
        _ => !inside && (c.is_ascii_digit() || "./(){}+-".contains(c)),
    };
    text.find(ends).unwrap_or(text.len())
}

fn exponent_end(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text.get(sign..).unwrap_or_default();
    sign + digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())
}

fn atom(symbol: &str) -> Result<Unit, String> {
    let unit = |(_, _, num, den, ten, exponents): &Atom, prefix: i32| {
        let ratio = Ratio::new(*num, *den, ten + prefix).ok_or_else(too_long)?;
        Ok(Unit { ratio, dimension: Dimension(*exponents), scale: Scale::From(0) })
    };
    let find = |symbol: &str| ATOMS.iter().find(|(name, ..)| *name == symbol);
    if let Some(atom) = find(symbol) {
        return unit(atom, 0);
    }
    let prefixed = |(prefix, ten): &(&str, i32)| {
        let atom = find(symbol.strip_prefix(prefix)?)?;
        atom.1.then_some((atom, *ten))
    };
    match PREFIXES.iter().find_map(prefixed) {
        Some((atom, ten)) => unit(atom, ten),
        None if symbol.is_empty() => Err("a unit is missing".to_owned()),
        None if TEMPERATURES.iter().any(|(name, ..)| symbol.ends_with(name)) => {
            Err(format!("`{symbol}` has a zero of its own and can only stand alone"))
        }
        None if LEVELS.contains(&symbol) => Err(format!("`{symbol}` is a level and can only stand alone")),
        None => Err(format!("`{symbol}` is not a unit")),
    }
}
