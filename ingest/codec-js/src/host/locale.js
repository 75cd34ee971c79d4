// toLocaleString of dates and numbers, as Node prints them: English of the United States in full, and the
// plain forms of the few other locales that decoders name. The engine itself knows no locale.
(function (host) {
  'use strict';
  const { getTime } = host;
  const { apply } = Reflect;
  const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
  const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

  // order of the date, its separator, digits of day and month, between date and time, digits of the hour; then group, point,
  // and how many digits the first number with groups has.
  const LOCALES = {
    'en-US': { order: 'mdy', by: '/', digits: 1, join: ', ', hour: 1, twelve: true, group: ',', point: '.', from: 4 },
    'en-CA': { order: 'ymd', by: '-', digits: 2, join: ', ', hour: 1, twelve: true, halves: ['a.m.', 'p.m.'], group: ',', point: '.', from: 4 },
    'en-GB': { order: 'dmy', by: '/', digits: 2, join: ', ', hour: 2, group: ',', point: '.', from: 4 },
    de: { order: 'dmy', by: '.', digits: 1, join: ', ', hour: 2, group: '.', point: ',', from: 4 },
    fr: { order: 'dmy', by: '/', digits: 2, join: ' ', hour: 2, group: '\u202f', point: ',', from: 4 },
    es: { order: 'dmy', by: '/', digits: 1, join: ', ', hour: 1, group: '.', point: ',', from: 5 },
    it: { order: 'dmy', by: '/', digits: 2, join: ', ', hour: 2, group: '.', point: ',', from: 5 },
    nl: { order: 'dmy', by: '-', digits: 1, join: ', ', hour: 2, group: '.', point: ',', from: 4 },
    sv: { order: 'ymd', by: '-', digits: 2, join: ' ', hour: 2, group: '\u00a0', point: ',', from: 4 },
  };
  function localeOf(tag) {
    const first = Array.isArray(tag) ? tag[0] : tag;
    const name = first === undefined ? 'en-US' : String(first);
    return LOCALES[name] || LOCALES[name.split('-')[0]] || LOCALES['en-US'];
  }
  const pad = (n, digits) => String(n).padStart(digits, '0');

  const DATE_STYLES = {
    full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
    long: { year: 'numeric', month: 'long', day: 'numeric' },
    medium: { year: 'numeric', month: 'short', day: 'numeric' },
    short: { year: '2-digit', month: 'numeric', day: 'numeric' },
  };
  const CLOCK = { hour: 'numeric', minute: '2-digit', second: '2-digit' };
  const TIME_STYLES = {
    full: { ...CLOCK, timeZoneName: 'long' },
    long: { ...CLOCK, timeZoneName: 'short' },
    medium: CLOCK,
    short: { hour: 'numeric', minute: '2-digit' },
  };
  const DATE_FIELDS = ['weekday', 'year', 'month', 'day'];
  const TIME_FIELDS = ['hour', 'minute', 'second', 'fractionalSecondDigits'];

  function datePart(date, o, locale) {
    const named = o.month === 'long' || o.month === 'short' || o.month === 'narrow';
    const cut = (name, style) => (style === 'long' ? name : name.slice(0, style === 'narrow' ? 1 : 3));
    const weekday = o.weekday && cut(DAYS[date.getUTCDay()], o.weekday);
    const y = date.getUTCFullYear();
    const year = o.year && (o.year === '2-digit' ? pad(y % 100, 2) : String(y));
    const digits = (style, n) => pad(n, style === '2-digit' || (o.day && o.year && locale.digits === 2) ? 2 : 1);
    const day = o.day && digits(o.day, date.getUTCDate());
    let text;
    if (named) {
      const month = cut(MONTHS[date.getUTCMonth()], o.month);
      const dayOfMonth = day ? `${month} ${day}` : month;
      text = year ? `${dayOfMonth}${day ? ', ' : ' '}${year}` : dayOfMonth;
    } else {
      const fields = { d: day, m: o.month && digits(o.month, date.getUTCMonth() + 1), y: year };
      text = locale.order.split('').map((f) => fields[f]).filter(Boolean).join(locale.by);
    }
    return [weekday, text].filter(Boolean).join(', ');
  }

  function timePart(date, o, locale) {
    const twelve = o.hour12 !== undefined ? Boolean(o.hour12) : o.hourCycle ? o.hourCycle === 'h12' || o.hourCycle === 'h11' : locale.twelve;
    const parts = [];
    const h = date.getUTCHours();
    if (o.hour) {
      // Midnight of a day without halves is hour 24 in American English, in Node too, unless the cycle is named.
      const shown = twelve ? h % 12 || 12 : h === 0 && locale.twelve && o.hour12 === false ? 24 : h;
      parts.push(pad(shown, o.hour === '2-digit' || (!twelve && (locale.twelve || locale.hour === 2)) ? 2 : 1));
    }
    const small = (n, alone) => pad(n, alone ? 1 : 2);
    if (o.minute) parts.push(small(date.getUTCMinutes(), !o.hour && !o.second));
    if (o.second) parts.push(small(date.getUTCSeconds(), !o.minute));
    let text = parts.join(':');
    if (o.fractionalSecondDigits) {
      const fraction = pad(date.getUTCMilliseconds(), 3).slice(0, o.fractionalSecondDigits);
      text = text ? `${text}.${fraction}` : fraction;
    }
    if (o.hour && twelve) text += ` ${(locale.halves || ['AM', 'PM'])[h < 12 ? 0 : 1]}`;
    if (o.timeZoneName) text += o.timeZoneName === 'long' ? ' Coordinated Universal Time' : ' UTC';
    return text;
  }

  function formatDate(date, tag, options, wanted, defaults) {
    const locale = localeOf(tag);
    let o = { ...options };
    if (o.timeZone !== undefined && !/^(?:utc|gmt|etc\/(?:utc|gmt|uct|zulu))$/i.test(o.timeZone)) {
      throw new RangeError(`Invalid time zone specified: ${o.timeZone} (a decoder's clock is in UTC)`);
    }
    const odd = wanted === 'date' ? 'timeStyle' : wanted === 'time' ? 'dateStyle' : '';
    if (o[odd] !== undefined) throw new TypeError(`Invalid option : ${odd}`);
    const styled = o.dateStyle || o.timeStyle;
    if (styled) {
      o = { ...o, ...DATE_STYLES[o.dateStyle], ...TIME_STYLES[o.timeStyle] };
    } else {
      const looked = { date: DATE_FIELDS, time: TIME_FIELDS, any: [...DATE_FIELDS, ...TIME_FIELDS] }[wanted];
      if (!looked.some((field) => o[field] !== undefined)) {
        if (defaults !== 'time') Object.assign(o, { year: 'numeric', month: 'numeric', day: 'numeric' });
        if (defaults !== 'date') Object.assign(o, CLOCK);
      }
    }
    const dated = DATE_FIELDS.some((field) => o[field]) && datePart(date, o, locale);
    const timed = TIME_FIELDS.some((field) => o[field]) && timePart(date, o, locale);
    if (!timed && o.timeZoneName) return `${dated}, ${o.timeZoneName === 'long' ? 'Coordinated Universal Time' : 'UTC'}`;
    const dayOnly = o.weekday && !o.year && !o.month && !o.day;
    const join = dayOnly ? ' ' : o.dateStyle === 'full' || o.dateStyle === 'long' ? ' at ' : o.month === 'long' && !styled ? ' at ' : locale.join;
    return [dated, timed].filter(Boolean).join(join);
  }
  for (const [name, wanted, defaults] of [['toLocaleString', 'any', 'all'], ['toLocaleDateString', 'date', 'date'], ['toLocaleTimeString', 'time', 'time']]) {
    define(Date.prototype, name, {
      method(tag, options) {
        const millis = apply(getTime, this, []);
        return millis === millis ? formatDate(new Date(millis), tag, options, wanted, defaults) : 'Invalid Date';
      },
    }.method);
  }

  // Rounds the shortest decimal text of a number, half away from zero, as Intl.NumberFormat does.
  function decimal(magnitude, most, least, tens) {
    let [digits, exponent] = String(magnitude).split('e');
    let [whole, fraction = ''] = digits.split('.');
    const shift = Number(exponent || 0) + tens;
    if (shift > 0) {
      fraction = fraction.padEnd(shift, '0');
      whole += fraction.slice(0, shift);
      fraction = fraction.slice(shift);
    } else if (shift < 0) {
      fraction = whole.padStart(-shift + 1, '0').slice(1) + fraction;
      whole = '0';
    }
    if (fraction.length > most) {
      const up = fraction[most] >= '5';
      let all = whole + fraction.slice(0, most);
      if (up) all = String(BigInt(all) + 1n).padStart(all.length, '0');
      whole = all.slice(0, all.length - most);
      fraction = all.slice(all.length - most);
    }
    let end = fraction.length;
    while (end > least && fraction[end - 1] === '0') end--;
    return [whole.replace(/^0+(?=\d)/, '') || '0', fraction.slice(0, end).padEnd(least, '0')];
  }

  function formatNumber(value, tag, options) {
    const locale = localeOf(tag);
    const o = options === undefined || options === null ? {} : options;
    const percent = o.style === 'percent';
    const tens = percent ? 2 : 0;
    const suffix = !percent ? '' : locale.point === ',' ? '\u00a0%' : '%';
    if (value !== value) return `NaN${suffix}`;
    let magnitude = Math.abs(value);
    const sign = value < 0 || Object.is(value, -0) ? '-' : '';
    if (magnitude === Infinity) return `${sign}\u221e${suffix}`;
    let most = o.maximumFractionDigits;
    let least = o.minimumFractionDigits;
    for (const digits of [most, least]) {
      if (digits !== undefined && !(digits >= 0 && digits <= 100)) throw new RangeError('fraction digits are 0 to 100');
    }
    if (least === undefined) least = Math.min(0, most === undefined ? 0 : most);
    if (most === undefined) most = Math.max(least, percent ? 0 : 3);
    if (least > most) throw new RangeError('maximumFractionDigits value is out of range.');
    if (o.maximumSignificantDigits !== undefined) {
      const before = Number(magnitude.toExponential().split('e')[1]) + tens + 1;
      most = Math.max(0, o.maximumSignificantDigits - before);
      if (before > o.maximumSignificantDigits) magnitude = Number(magnitude.toPrecision(o.maximumSignificantDigits));
    }
    let [whole, fraction] = decimal(magnitude, Math.trunc(most), Math.trunc(least), tens);
    whole = whole.padStart(o.minimumIntegerDigits || 1, '0');
    if (o.useGrouping !== false && whole.length >= locale.from) whole = whole.replace(/\B(?=(?:\d{3})+$)/g, locale.group);
    return sign + whole + (fraction ? locale.point + fraction : '') + suffix;
  }
  const { valueOf } = Number.prototype;
  define(Number.prototype, 'toLocaleString', { method(tag, options) { return formatNumber(apply(valueOf, this, []), tag, options); } }.method);
  define(BigInt.prototype, 'toLocaleString', { method(tag) { return String(this).replace(/\B(?=(?:\d{3})+$)/g, localeOf(tag).group); } }.method);

  // The order of a dictionary: letters first, then their accents, then small before capital.
  const { normalize } = String.prototype;
  function collate(a, b) {
    const marked = [a, b].map((text) => apply(normalize, text, ['NFD']));
    const plain = marked.map((text) => text.replace(/\p{M}/gu, ''));
    for (const [x, y] of [plain.map((text) => text.toLowerCase()), marked.map((text) => text.toLowerCase())]) {
      if (x !== y) return x < y ? -1 : 1;
    }
    return plain[0] === plain[1] ? 0 : plain[0] > plain[1] ? -1 : 1;
  }
  define(String.prototype, 'localeCompare', { method(other) { return collate(String(this), String(other)); } }.method);

  function define(object, name, value) {
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  }
});
