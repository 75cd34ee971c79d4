// What a script may not have, and bounds on what the engine's deadline cannot see.
//
// The engine asks for the time once in ten thousand backward jumps or calls, and never inside most of its
// own loops. `[].length = 4e9; a.join('')` would therefore run for minutes. So the methods that walk
// `length` elements without asking are wrapped: they refuse a length that no payload has, and a large one
// asks for the time. What cannot be bounded like this is listed in docs/decisions/scripts.md.
(function (host) {
  'use strict';
  const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { isArray } = Array;
  const { defineProperty } = Object;
  const kindOfTypedArray = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

  // Clocks, what waits on other threads, what makes garbage collection observable; and Proxy, with which an
  // object could tell the bounds below another length than it tells the engine.
  for (const name of ['performance', 'Atomics', 'SharedArrayBuffer', 'WeakRef', 'FinalizationRegistry', 'Proxy', 'navigator']) {
    delete globalThis[name];
  }

  // Elements. A LoRaWAN payload has at most 242 bytes, a lookup table a few thousand entries.
  const LONGEST = 100000;
  // Above this many elements or characters a call may take longer than the engine's ten thousand steps.
  const LARGE = 256;
  // Characters compared by one search at the worst.
  const SEARCH = 1e8;

  // Once the deadline has passed, a loop is the only way to make the engine notice; it then ends the script.
  function ask() {
    if (host.expired()) for (;;);
  }

  function check(value) {
    if (value === null || value === undefined || typeof value === 'string') return;
    if (typeof value !== 'object' && typeof value !== 'function') return;
    let length;
    if (isArray(value)) {
      length = value.length;
    } else if (apply(kindOfTypedArray, value, []) !== undefined) {
      ask();
      return;
    } else {
      const property = getOwnPropertyDescriptor(value, 'length');
      if (property === undefined && !('length' in value)) return;
      length = property === undefined ? undefined : property.value;
      if (typeof length !== 'number') throw new TypeError('an array-like needs a plain number as its length');
    }
    if (length > LONGEST) throw new RangeError(`an array of ${length} elements is longer than the ${LONGEST} that are allowed`);
    if (length > LARGE) ask();
  }

  // Replaces a method and keeps its name, length and attributes.
  function wrap(object, name, make) {
    const property = getOwnPropertyDescriptor(object, name);
    if (property === undefined) return;
    const native = property.value;
    const wrapped = make(native);
    defineProperty(wrapped, 'name', { value: native.name });
    defineProperty(wrapped, 'length', { value: native.length });
    defineProperty(object, name, { ...property, value: wrapped });
  }

  const walking = ['copyWithin', 'entries', 'fill', 'join', 'keys', 'reverse', 'shift', 'slice', 'sort', 'splice', 'toLocaleString',
    'toReversed', 'toSorted', 'toSpliced', 'toString', 'unshift', 'values', 'with'];
  for (const name of walking) {
    wrap(Array.prototype, name, (native) => ({ method(...args) { check(this); return apply(native, this, args); } }.method));
  }
  // The same function, as the standard has it.
  defineProperty(Array.prototype, Symbol.iterator, { value: Array.prototype.values, writable: true, configurable: true });
  wrap(Array.prototype, 'concat', (native) => ({
    method(...args) {
      check(this);
      for (let i = 0; i < args.length; i++) check(args[i]);
      return apply(native, this, args);
    },
  }.method));
  wrap(Array, 'from', (native) => ({ method(...args) { check(args[0]); return apply(native, this, args); } }.method));

  // Nested arrays are walked inside the engine: here they are walked by a loop that can be ended.
  function flatten(out, array, depth) {
    check(array);
    for (let i = 0; i < array.length; i++) {
      if (!(i in array)) continue;
      const element = array[i];
      if (depth > 0 && isArray(element)) flatten(out, element, depth - 1);
      else out[out.length] = element;
    }
    return out;
  }
  wrap(Array.prototype, 'flat', () => ({
    method(depth) { return flatten([], this, depth === undefined ? 1 : Number(depth) || 0); },
  }.method));
  const { map } = Array.prototype;
  wrap(Array.prototype, 'flatMap', () => ({
    method(...args) { return flatten([], apply(map, this, args), 1); },
  }.method));

  for (const name of ['indexOf', 'lastIndexOf', 'includes', 'split', 'replaceAll', 'replace']) {
    wrap(String.prototype, name, (native) => ({
      method(...args) {
        const needle = args[0];
        if (typeof this === 'string' && typeof needle === 'string') {
          if (this.length > LARGE) {
            if (this.length * needle.length > SEARCH) throw new RangeError('a text this long cannot be searched for one that long');
            ask();
          }
        }
        return apply(native, this, args);
      },
    }.method));
  }
  for (const name of ['repeat', 'padStart', 'padEnd']) {
    wrap(String.prototype, name, (native) => ({
      method(...args) {
        if (args[0] > LARGE) ask();
        return apply(native, this, args);
      },
    }.method));
  }
  for (const name of ['parse', 'stringify']) {
    wrap(JSON, name, (native) => ({ method(...args) { ask(); return apply(native, this, args); } }.method));
  }
  const typed = getPrototypeOf(Uint8Array.prototype);
  for (const name of ['fill', 'set', 'slice', 'sort', 'join', 'reverse', 'indexOf', 'includes', 'lastIndexOf', 'copyWithin', 'toSorted', 'toReversed']) {
    wrap(typed, name, (native) => ({
      method(...args) {
        ask();
        return apply(native, this, args);
      },
    }.method));
  }
});
