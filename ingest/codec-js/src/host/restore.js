// Forgets a message: brings everything that the scripts of one interpreter share back to what it was.
//
// A script's own variables need no help: the script is a function, called anew for each message. What
// remains is the global object and the built-in objects. The global object and a few prototypes stay open and
// are written back; the others are frozen. Where a script needs one of these open, it either says so in its
// source (`host.extends`) or fails, and then runs as a program in an interpreter of its own.
(function (host) {
  'use strict';
  const { ownKeys, getPrototypeOf, getOwnPropertyDescriptor, isExtensible, deleteProperty, apply } = Reflect;
  const { freeze, defineProperty } = Object;
  const { has } = Set.prototype;

  // On what inherits from these, plain code sets what they have: `error.name`, `Shape.prototype.toString`.
  const open = new Set([globalThis, Object.prototype]);
  for (const Kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]) open.add(Kind.prototype);
  // And these are what decoders extend: `String.prototype.pad`, `Date.prototype.toISOString`.
  if (host.extends) {
    for (const Kind of [Object, Function, Array, String, Number, Boolean, Date, RegExp]) open.add(Kind).add(Kind.prototype);
    open.add(Math).add(JSON);
  }

  const tables = [];
  const seen = new Set();
  // Everything that can be reached without running a script.
  const queue = [globalThis];
  for (const value of [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g),
    (function* () {})(), (async function* () {})(), function* () {}, async function () {}, async function* () {},
    Iterator.from({ next() {} }), [].values().map((x) => x)]) {
    queue.push(getPrototypeOf(value));
  }
  while (queue.length > 0) {
    const object = queue.pop();
    if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
    seen.add(object);
    const all = ownKeys(object);
    if (typeof object === 'function' && all.length === 2) {
      // A method: it has its name and its length.
      freeze(object);
      continue;
    }
    const parent = getPrototypeOf(object);
    queue.push(parent);
    const isOpen = open.has(object);
    const keys = [];
    const values = [];
    for (let i = 0; i < all.length; i++) {
      const key = all[i];
      const property = getOwnPropertyDescriptor(object, key);
      queue.push(property.value, property.get, property.set);
      if (!isOpen) continue;
      if (property.writable) {
        keys.push(key);
        values.push(property.value);
      }
      if (property.configurable) defineProperty(object, key, { configurable: false });
    }
    if (isOpen) tables.push({ object, parent, known: new Set(all), count: all.length, keys, values });
    else freeze(object);
  }

  function forget({ object, parent, known, count, keys, values }) {
    if (getPrototypeOf(object) !== parent || !isExtensible(object)) return false;
    const present = ownKeys(object);
    // None of the known can have been deleted, and what is new stands near the end.
    for (let i = present.length - 1, added = present.length - count; added > 0; i--) {
      if (apply(has, known, [present[i]])) continue;
      if (!deleteProperty(object, present[i])) return false;
      added--;
    }
    // A write, not a comparison: in strict code it throws where a script has made the property read-only.
    for (let i = 0; i < keys.length; i++) object[keys[i]] = values[i];
    return true;
  }

  // True when all is as it was; false, or an exception, when the interpreter must be thrown away.
  host.restore = function restore() {
    for (let i = 0; i < tables.length; i++) if (!forget(tables[i])) return false;
    return true;
  };
});
