//! From `[[field]]` and `[[list]]` to a mapping of decoded fields.

use schemas::Quantity;

use super::meaning::{called, meaning, past_fits, raw_value, some, time_format};
use super::{House, Wrong};
use crate::codecs::fields::{Clock, Fields, Pointed, Test, UnitBeside};
use crate::codecs::pointer::Pointer;
use crate::profile::raw::{RawAt, RawField, RawFirmware, RawList, RawNumber, RawSome, RawTest};
use crate::units;

pub(super) fn tree(fields: &[RawField], lists: &[RawList], house: House) -> Result<Fields, Wrong> {
    let mut all = Fields::default();
    for raw in fields {
        let name = called(raw);
        let at = pointers(raw.at.as_ref(), &name)?;
        let of_bytes = raw.width.is_some() || raw.endian.is_some() || raw.nan.is_some();
        if of_bytes || raw.signed || raw.number != RawNumber::Unsigned {
            return Err(format!("`{name}`: width, endian, number, signed and nan are for bytes, not for decoded fields"));
        }
        if raw.unit_at.is_none() && !raw.units.is_empty() {
            return Err(format!("`{name}`: units says what the words at unit_at mean, and there is no unit_at"));
        }
        if raw.bits.is_some_and(|(lowest, count)| count == 0 || lowest.checked_add(count).is_none_or(|end| end > 64)) {
            return Err(format!("`{name}`: bits: expected [lowest, count] within 64 bits"));
        }
        past_fits(raw, &name)?;
        match (raw.quantity, raw.time, raw.firmware) {
            (None, None, Some(RawFirmware::Text)) => all.firmware.extend(at),
            (None, None, Some(_)) => return Err(format!("`{name}`: firmware is \"text\" in decoded fields")),
            (None, Some(time), None) => {
                let clock = time_format(time).map_or(Clock::Text, Clock::Number);
                all.past |= raw.past;
                all.times.extend(at.into_iter().map(|at| (at, clock)));
            }
            (Some(quantity), None, None) => {
                let unit = raw.unit_at.as_deref().map(|unit_at| unit_beside(unit_at, raw, quantity, house)).transpose()?;
                let meaning = meaning(raw, quantity, house)?;
                let contains = raw.contains.as_deref().map(Into::into);
                let when = raw.when.iter().map(test).collect::<Result<_, _>>()?;
                all.values.push(Pointed { at, when, meaning, unit, contains, reference: house.reference, bits: raw.bits });
            }
            _ => return Err(format!("`{name}`: expected one of `quantity`, `time` and `firmware`")),
        }
    }
    for raw in lists {
        let inner = tree(&raw.field, &[], house).map_err(|e| format!("list {}: {e}", raw.at))?;
        all.lists.push((Pointer::new(&raw.at)?, inner));
    }
    Ok(all)
}

/// One place, or several of which the first that is there counts.
fn pointers(raw: Option<&RawAt>, name: &str) -> Result<Vec<Pointer>, Wrong> {
    match raw {
        Some(RawAt::Pointer(at)) => Ok(vec![Pointer::new(at)?]),
        Some(RawAt::Pointers(several)) if !several.is_empty() => several.iter().map(|at| Pointer::new(at)).collect(),
        _ => Err(format!("`{name}`: expected `at`, a JSON Pointer such as \"/temperature\"")),
    }
}

fn test(raw: &RawTest) -> Result<Test, Wrong> {
    let RawAt::Pointer(at) = &raw.at else {
        return Err("when: `at` is a JSON Pointer here".to_owned());
    };
    if raw.mask.is_some() {
        return Err("when: `mask` is for bytes, not for decoded fields".to_owned());
    }
    let list = |raw: Option<&RawSome>| some(raw).iter().map(raw_value).collect();
    Ok(Test { at: Pointer::new(at)?, is: list(raw.is.as_ref()), not: list(raw.not.as_ref()) })
}

fn unit_beside(at: &str, raw: &RawField, quantity: Quantity, house: House) -> Result<UnitBeside, Wrong> {
    let units = raw.units.iter().map(|(word, unit)| {
        let conversion = units::conversion(quantity, unit, house.reference);
        conversion.map(|c| (word.as_str().into(), c)).map_err(|e| format!("`{quantity}`: units: {e}"))
    });
    Ok((Pointer::new(at)?, units.collect::<Result<_, _>>()?))
}
