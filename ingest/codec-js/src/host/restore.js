// Forgets a message: brings everything that scripts of one context share back to what it was.
//
// A script's own variables need no help: the script is a function, called anew for each message. What
// remains is the global object and the built-in objects. Plain functions among them are frozen, since
// nobody inherits from a function; all others stay writable, because decoders do add `String.prototype.pad`
// and set `error.name`, and are written back here.
(function (host) {
  'use strict';
  const { ownKeys, getPrototypeOf, getOwnPropertyDescriptor, isExtensible, deleteProperty } = Reflect;
  const { freeze, defineProperty } = Object;

  // Everything that can be reached without running a script.
  const seen = new Set();
  const queue = [globalThis];
  for (const iterator of [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g),
    (function* () {})(), (async function* () {})(), function* () {}, async function () {}, async function* () {},
    Iterator.from({ next() {} }), [].values().map((x) => x)]) {
    queue.push(getPrototypeOf(iterator));
  }
  const tables = [];
  while (queue.length > 0) {
    const object = queue.pop();
    if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
    seen.add(object);
    const parent = getPrototypeOf(object);
    queue.push(parent);
    const all = ownKeys(object);
    const keys = [];
    const values = [];
    for (let i = 0; i < all.length; i++) {
      const key = all[i];
      const property = getOwnPropertyDescriptor(object, key);
      if ('value' in property) {
        queue.push(property.value);
        if (property.writable) {
          keys.push(key);
          values.push(property.value);
        }
      } else {
        queue.push(property.get, property.set);
      }
      if (property.configurable) defineProperty(object, key, { configurable: false });
    }
    const plain = typeof object === 'function' && all.every((key) => key === 'name' || key === 'length' || key === 'prototype');
    if (plain) freeze(object);
    else tables.push({ object, parent, known: new Set(all), count: all.length, keys, values });
  }

  function forget(table) {
    const { object, known, keys, values, count } = table;
    if (getPrototypeOf(object) !== table.parent || !isExtensible(object)) return false;
    const present = ownKeys(object);
    if (present.length !== count) {
      for (let i = 0; i < present.length; i++) {
        if (!hasKnown(known, present[i]) && !deleteProperty(object, present[i])) return false;
      }
    }
    // A write, not a comparison: in strict code it throws where a script has made the property read-only.
    for (let i = 0; i < keys.length; i++) object[keys[i]] = values[i];
    return true;
  }
  const { has } = Set.prototype;
  const { apply } = Reflect;
  const hasKnown = (set, key) => apply(has, set, [key]);

  // True when all is as it was; false, or an exception, when the context must be thrown away.
  host.restore = function restore() {
    for (let i = 0; i < tables.length; i++) if (!forget(tables[i])) return false;
    return true;
  };
});
