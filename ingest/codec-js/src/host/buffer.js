// Buffer: bytes as Node has them. Making, text, comparing and searching; numbers are in numbers.js.
(function (host) {
  'use strict';
  const { defineProperty } = Object;
  const { subarray, set, fill: fillBytes } = Object.getPrototypeOf(Uint8Array.prototype);
  const { apply } = Reflect;

  class FastBuffer extends Uint8Array {}
  const prototype = FastBuffer.prototype;

  // Callable with and without `new`, as old code does.
  function Buffer(value, encodingOrOffset, length) {
    return typeof value === 'number' ? Buffer.alloc(value) : Buffer.from(value, encodingOrOffset, length);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Buffer.prototype = prototype;
  defineProperty(prototype, 'constructor', { value: Buffer, writable: true, enumerable: false, configurable: true });

  function fail(Kind, code, message) {
    const error = new Kind(message);
    error.code = code;
    return error;
  }
  host.fail = fail;

  // ---- encodings -----------------------------------------------------------------------------------------

  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const DIGITS = new Uint8Array(128).fill(255);
  for (let i = 0; i < 64; i++) DIGITS[ALPHABET.charCodeAt(i)] = i;
  DIGITS['-'.charCodeAt(0)] = 62;
  DIGITS['_'.charCodeAt(0)] = 63;

  function fromHex(text) {
    const bytes = [];
    for (let i = 0; i + 1 < text.length; i += 2) {
      const pair = text.slice(i, i + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(pair)) break;
      bytes.push(parseInt(pair, 16));
    }
    return bytes;
  }
  function fromBase64(text) {
    const bytes = [];
    let bits = 0;
    let held = 0;
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '=') break;
      const code = text.charCodeAt(i);
      const value = code < 128 ? DIGITS[code] : 255;
      if (value === 255) continue;
      held = ((held << 6) | value) & 0xffffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((held >> bits) & 255);
      }
    }
    return bytes;
  }
  function fromUtf8(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) {
      let c = text.codePointAt(i);
      if (c > 0xffff) i++;
      else if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd;
      if (c < 0x80) bytes.push(c);
      else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
      else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
      else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    }
    return bytes;
  }
  function fromUnits(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255);
    return bytes;
  }
  function fromUtf16(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255, text.charCodeAt(i) >> 8);
    return bytes;
  }

  // Bad sequences become U+FFFD, one for each maximal part of a sequence (Unicode 3.9, the WHATWG's way too).
  function toUtf8(bytes, start, end) {
    let text = '';
    let i = start;
    while (i < end) {
      const b = bytes[i++];
      if (b < 0x80) {
        text += String.fromCharCode(b);
        continue;
      }
      let more = b >= 0xc2 && b <= 0xdf ? 1 : b >= 0xe0 && b <= 0xef ? 2 : b >= 0xf0 && b <= 0xf4 ? 3 : 0;
      let point = more === 1 ? b & 31 : more === 2 ? b & 15 : b & 7;
      let low = b === 0xe0 ? 0xa0 : b === 0xf0 ? 0x90 : 0x80;
      let high = b === 0xed ? 0x9f : b === 0xf4 ? 0x8f : 0xbf;
      if (more === 0) point = 0xfffd;
      for (; more > 0; more--) {
        if (i >= end || bytes[i] < low || bytes[i] > high) {
          point = 0xfffd;
          break;
        }
        point = (point << 6) | (bytes[i++] & 63);
        low = 0x80;
        high = 0xbf;
      }
      text += String.fromCodePoint(point);
    }
    return text;
  }
  function toHex(bytes, start, end) {
    let text = '';
    for (let i = start; i < end; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }
  function toBase64(bytes, start, end, url) {
    let text = '';
    for (let i = start; i < end; i += 3) {
      const group = (bytes[i] << 16) | ((i + 1 < end ? bytes[i + 1] : 0) << 8) | (i + 2 < end ? bytes[i + 2] : 0);
      text += ALPHABET[group >> 18] + ALPHABET[(group >> 12) & 63];
      text += i + 1 < end ? ALPHABET[(group >> 6) & 63] : '=';
      text += i + 2 < end ? ALPHABET[group & 63] : '=';
    }
    return url ? text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '') : text;
  }
  function toUnits(bytes, start, end, mask) {
    let text = '';
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] & mask);
    return text;
  }
  function toUtf16(bytes, start, end) {
    let text = '';
    for (let i = start; i + 1 < end; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
    return text;
  }

  const utf8 = { encode: fromUtf8, decode: toUtf8 };
  const utf16 = { encode: fromUtf16, decode: toUtf16 };
  const latin1 = { encode: fromUnits, decode: (b, s, e) => toUnits(b, s, e, 255) };
  const ENCODINGS = {
    utf8,
    'utf-8': utf8,
    hex: { encode: fromHex, decode: toHex },
    base64: { encode: fromBase64, decode: (b, s, e) => toBase64(b, s, e, false) },
    base64url: { encode: fromBase64, decode: (b, s, e) => toBase64(b, s, e, true) },
    ascii: { encode: fromUnits, decode: (b, s, e) => toUnits(b, s, e, 127) },
    latin1,
    binary: latin1,
    ucs2: utf16,
    'ucs-2': utf16,
    utf16le: utf16,
    'utf-16le': utf16,
  };
  function encodingOf(name) {
    if (name === undefined || name === null || name === '') return utf8;
    const key = String(name).toLowerCase();
    if (!Object.hasOwn(ENCODINGS, key)) throw fail(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
    return ENCODINGS[key];
  }
  host.utf8 = utf8;
  host.utf16 = utf16;
  host.latin1 = latin1;
  host.base64 = ENCODINGS.base64;

  // ---- making --------------------------------------------------------------------------------------------

  const isBytes = (value) => value instanceof Uint8Array;
  const whatIs = (value) => {
    if (value === undefined || value === null) return String(value);
    if (typeof value === 'object') return value.constructor && value.constructor.name ? `an instance of ${value.constructor.name}` : 'an object';
    return `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
  };
  host.whatIs = whatIs;

  const statics = {
    from(value, encodingOrOffset, length) {
      if (typeof value === 'string') return new FastBuffer(encodingOf(encodingOrOffset).encode(value));
      if (value instanceof String) return Buffer.from(String(value), encodingOrOffset);
      if (value instanceof ArrayBuffer) return new FastBuffer(value, encodingOrOffset, length);
      if (value !== null && typeof value === 'object') {
        if (ArrayBuffer.isView(value) || Array.isArray(value) || typeof value.length === 'number') return new FastBuffer(Array.from(value));
        if (value.type === 'Buffer' && Array.isArray(value.data)) return new FastBuffer(value.data);
        const primitive = value.valueOf();
        if (primitive !== value && primitive !== null && primitive !== undefined) return Buffer.from(primitive, encodingOrOffset, length);
      }
      throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', 'The first argument must be of type string or an instance of Buffer, '
        + `ArrayBuffer, or Array or an Array-like Object. Received ${whatIs(value)}`);
    },
    of(...items) { return new FastBuffer(items); },
    alloc(size, fill, encoding) {
      if (typeof size !== 'number') throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "size" argument must be of type number. Received ${whatIs(size)}`);
      if (!(size >= 0 && size <= 0x7fffffff)) {
        throw fail(RangeError, 'ERR_OUT_OF_RANGE', `The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received ${size}`);
      }
      const buffer = new FastBuffer(size);
      return fill === undefined || fill === 0 ? buffer : buffer.fill(fill, encoding);
    },
    allocUnsafe(size) { return Buffer.alloc(size); },
    allocUnsafeSlow(size) { return Buffer.alloc(size); },
    isBuffer(value) { return value instanceof FastBuffer; },
    isEncoding(name) { return typeof name === 'string' && Object.hasOwn(ENCODINGS, name.toLowerCase()); },
    byteLength(value, encoding) {
      return typeof value === 'string' ? encodingOf(encoding).encode(value).length : value.byteLength;
    },
    concat(list, total) {
      if (!Array.isArray(list)) throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "list" argument must be an instance of Array. Received ${whatIs(list)}`);
      let size = total;
      if (size === undefined) size = list.reduce((sum, part) => sum + part.length, 0);
      const out = Buffer.alloc(size);
      let at = 0;
      for (const part of list) {
        if (!isBytes(part)) throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "list" argument must hold Buffers or Uint8Arrays. Received ${whatIs(part)}`);
        if (at >= size) break;
        const fits = part.length > size - at ? apply(subarray, part, [0, size - at]) : part;
        apply(set, out, [fits, at]);
        at += fits.length;
      }
      return out;
    },
    compare(a, b) {
      const shared = Math.min(a.length, b.length);
      for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      return Math.sign(a.length - b.length);
    },
  };

  // ---- using ---------------------------------------------------------------------------------------------

  const clamp = (value, otherwise, length) => {
    const n = value === undefined ? otherwise : Math.trunc(Number(value)) || 0;
    return n < 0 ? 0 : n > length ? length : n;
  };
  // What is looked for or filled with: bytes.
  const pattern = (value, encoding) => (typeof value === 'number' ? [value & 255] : typeof value === 'string' ? encodingOf(encoding).encode(value) : value);

  function find(buffer, value, offset, encoding, step) {
    if (typeof offset === 'string') [offset, encoding] = [undefined, offset];
    const wanted = pattern(value, encoding);
    const last = buffer.length - wanted.length;
    let at = offset === undefined || offset !== offset ? (step > 0 ? 0 : last) : Math.trunc(Number(offset));
    if (at < 0) at += buffer.length;
    if (step > 0 && at < 0) at = 0;
    if (step < 0 && at > last) at = last;
    for (; at >= 0 && at <= last; at += step) {
      let same = 0;
      while (same < wanted.length && buffer[at + same] === wanted[same]) same++;
      if (same === wanted.length) return at;
    }
    return -1;
  }
  function swap(buffer, size) {
    if (buffer.length % size !== 0) throw fail(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${size * 8}-bits`);
    for (let i = 0; i < buffer.length; i += size) apply(subarray, buffer, [i, i + size]).reverse();
    return buffer;
  }
  const methods = {
    toString(encoding, start, end) {
      const from = clamp(start, 0, this.length);
      const to = clamp(end, this.length, this.length);
      return to <= from ? '' : encodingOf(encoding).decode(this, from, to);
    },
    toLocaleString(...args) { return this.toString(...args); },
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; },
    inspect() { return `<Buffer ${toHex(this, 0, Math.min(50, this.length)).replace(/(..)(?=.)/g, '$1 ')}>`; },
    equals(other) {
      if (!isBytes(other)) throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "otherBuffer" argument must be an instance of Buffer or Uint8Array. Received ${whatIs(other)}`);
      return Buffer.compare(this, other) === 0;
    },
    compare(target, targetStart, targetEnd, start, end) {
      return Buffer.compare(
        apply(subarray, this, [start === undefined ? 0 : start, end === undefined ? this.length : end]),
        apply(subarray, target, [targetStart === undefined ? 0 : targetStart, targetEnd === undefined ? target.length : targetEnd]),
      );
    },
    copy(target, targetStart, start, end) {
      const at = clamp(targetStart, 0, target.length);
      const part = apply(subarray, this, [clamp(start, 0, this.length), clamp(end, this.length, this.length)]);
      const fits = apply(subarray, part, [0, target.length - at]);
      apply(set, target, [fits, at]);
      return fits.length;
    },
    // Both share the memory: Node's slice is not Uint8Array's.
    slice(start, end) { return apply(subarray, this, [start, end]); },
    fill(value, offset, end, encoding) {
      if (typeof offset === 'string') [offset, end, encoding] = [undefined, undefined, offset];
      else if (typeof end === 'string') [end, encoding] = [undefined, end];
      const from = clamp(offset, 0, this.length);
      const to = clamp(end, this.length, this.length);
      const bytes = pattern(value === undefined ? 0 : value, encoding);
      if (bytes.length === 0) return apply(fillBytes, this, [0, from, to]);
      for (let i = from; i < to; i++) this[i] = bytes[(i - from) % bytes.length];
      return this;
    },
    indexOf(value, offset, encoding) { return find(this, value, offset, encoding, 1); },
    lastIndexOf(value, offset, encoding) { return find(this, value, offset, encoding, -1); },
    includes(value, offset, encoding) { return find(this, value, offset, encoding, 1) !== -1; },
    write(text, offset, length, encoding) {
      if (typeof offset === 'string') [offset, length, encoding] = [0, undefined, offset];
      else if (typeof length === 'string') [length, encoding] = [undefined, length];
      const at = clamp(offset, 0, this.length);
      const bytes = encodingOf(encoding).encode(text);
      const fits = Math.min(bytes.length, this.length - at, length === undefined ? Infinity : length);
      for (let i = 0; i < fits; i++) this[at + i] = bytes[i];
      return fits;
    },
    swap16() { return swap(this, 2); },
    swap32() { return swap(this, 4); },
    swap64() { return swap(this, 8); },
  };
  for (const [object, table] of [[Buffer, statics], [prototype, methods]]) {
    for (const name of Object.keys(table)) {
      defineProperty(object, name, { value: table[name], writable: true, enumerable: false, configurable: true });
    }
  }
  for (const [name, part] of [['parent', 'buffer'], ['offset', 'byteOffset']]) {
    defineProperty(prototype, name, { get() { return this[part]; }, enumerable: false, configurable: true });
  }
  defineProperty(Buffer, 'poolSize', { value: 8192, writable: true, enumerable: false, configurable: true });
  defineProperty(globalThis, 'Buffer', { value: Buffer, writable: true, enumerable: false, configurable: true });
});
