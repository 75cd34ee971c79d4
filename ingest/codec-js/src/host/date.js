// Date: stands at the message's time, in UTC whatever the machine's zone is, and prints as Node does.
(function (host) {
  'use strict';
  const Native = globalThis.Date;
  const { UTC } = Native;
  const prototype = Native.prototype;
  const { construct, apply } = Reflect;
  const { getTime, toISOString } = prototype;
  const { defineProperty } = Object;
  let now = 0;

  // Milliseconds since the Unix epoch at which the clock stands.
  host.setNow = (millis) => { now = millis; };

  function method(name, value) {
    defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
  }

  for (const field of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    method('get' + field, prototype['getUTC' + field]);
    if (field !== 'Day') method('set' + field, prototype['setUTC' + field]);
  }
  const { getUTCFullYear, setUTCFullYear, toUTCString } = prototype;
  host.getTime = getTime;

  // `Fri, 06 Nov 2026 00:01:03 GMT` in pieces.
  function pieces(date) {
    if (apply(getTime, date, []) !== apply(getTime, date, [])) return undefined;
    const [weekday, day, month, year, time] = apply(toUTCString, date, []).split(' ');
    return { day: `${weekday.slice(0, -1)} ${month} ${day} ${year}`, time: `${time} GMT+0000 (Coordinated Universal Time)` };
  }
  const methods = {
    getTimezoneOffset() { return apply(getTime, this, []) * 0; },
    getYear() { return apply(getUTCFullYear, this, []) - 1900; },
    setYear(year) {
      const y = Math.trunc(Number(year));
      return apply(setUTCFullYear, this, [y >= 0 && y <= 99 ? 1900 + y : y]);
    },
    toISOString() {
      if (apply(getTime, this, []) !== apply(getTime, this, [])) throw new RangeError('Invalid time value');
      return apply(toISOString, this, []);
    },
    toString() { const p = pieces(this); return p === undefined ? 'Invalid Date' : `${p.day} ${p.time}`; },
    toDateString() { const p = pieces(this); return p === undefined ? 'Invalid Date' : p.day; },
    toTimeString() { const p = pieces(this); return p === undefined ? 'Invalid Date' : p.time; },
  };
  for (const name of Object.keys(methods)) method(name, methods[name]);

  // A text without an offset is local time, and local time is UTC. A date alone is UTC in the standard.
  const OFFSET = /(?:z|gmt|utc?|[ecmp][sd]t|[+-]\d{1,2}(?::?\d{2})?)\s*(?:\([^)]*\))?\s*$/i;
  const ISO_TIME = /^[+-]?\d{4,6}-\d{2}-\d{2}[t ]\d{2}:\d{2}/i;
  const ISO_DATE = /^[+-]?\d{4,6}(?:-\d{2}){0,2}$/;
  function parse(value) {
    const text = String(value).trim();
    if (ISO_DATE.test(text)) return Native.parse(text);
    if (ISO_TIME.test(text)) return Native.parse(/(?:z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : text + 'Z');
    if (!OFFSET.test(text) || /^\d{1,4}-\d{1,2}-\d{1,4}$/.test(text)) {
      const utc = Native.parse(text + ' GMT');
      if (utc === utc) return utc;
    }
    return Native.parse(text);
  }

  function Date(...args) {
    if (new.target === undefined) return new Native(now).toString();
    if (args.length === 0) return construct(Native, [now], new.target);
    if (args.length > 1) return construct(Native, [apply(UTC, Native, args)], new.target);
    let value = args[0];
    if (typeof value === 'object' && value !== null && !(value instanceof Native)) {
      const own = value.valueOf();
      value = typeof own === 'object' ? String(value) : own;
    }
    return construct(Native, [typeof value === 'string' ? parse(value) : value], new.target);
  }
  defineProperty(Date, 'length', { value: 7 });
  Date.prototype = prototype;
  defineProperty(Date, 'prototype', { writable: false, enumerable: false, configurable: false });
  for (const [name, value] of [['now', () => now], ['parse', parse], ['UTC', UTC]]) {
    defineProperty(value, 'name', { value: name });
    defineProperty(Date, name, { value, writable: true, enumerable: false, configurable: true });
  }
  method('constructor', Date);
  defineProperty(globalThis, 'Date', { value: Date, writable: true, enumerable: false, configurable: true });

  // The time of reception: a Date, as TTN has it, that gives its own text wherever a text is expected, as
  // ThingPark's does: in JSON, in concatenation and for the methods of String.
  const text = Symbol('text');
  const received = Object.create(prototype);
  const share = (name, value) => defineProperty(received, name, { value: Object.freeze(value) });
  for (const name of Reflect.ownKeys(String.prototype)) {
    const native = String.prototype[name];
    if (typeof native !== 'function' || name in received) continue;
    share(name, function (...args) { return apply(native, this[text], args); });
  }
  share('toString', function () { return this[text]; });
  share('toJSON', function () { return this[text]; });
  share(Symbol.toPrimitive, function (hint) { return hint === 'number' ? apply(getTime, this, []) : this[text]; });
  defineProperty(received, 'length', { get: Object.freeze(function () { return this[text].length; }) });
  Object.freeze(received);
  host.recvTime = (millis, own) => {
    const date = Object.setPrototypeOf(new Native(millis), received);
    defineProperty(date, text, { value: own });
    return date;
  };
});
