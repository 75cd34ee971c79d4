// The small things that decoders borrow from Node and browsers: text codings, console, require, random numbers.
(function (host) {
  'use strict';
  const { fail, utf8, utf16, latin1, base64 } = host;
  const { defineProperty } = Object;
  const global = (name, value) => defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });

  // ---- base64 of Latin-1 text ----------------------------------------------------------------------------

  function invalidCharacter(message) {
    const error = new Error(message);
    error.name = 'InvalidCharacterError';
    error.code = 5;
    return error;
  }
  function atob(value) {
    const text = String(value).replace(/[\t\n\f\r ]/g, '');
    const body = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
    if (!/^[A-Za-z0-9+/]*$/.test(body)) throw invalidCharacter('Invalid character');
    if (body.length % 4 === 1) throw invalidCharacter('The string to be decoded is not correctly encoded.');
    let out = '';
    for (const byte of base64.encode(body)) out += String.fromCharCode(byte);
    return out;
  }
  function btoa(value) {
    const text = String(value);
    const bytes = [];
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 255) throw invalidCharacter('Invalid character');
      bytes.push(unit);
    }
    return base64.decode(bytes, 0, bytes.length);
  }
  global('atob', atob);
  global('btoa', btoa);

  // ---- UTF-8 ---------------------------------------------------------------------------------------------

  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return new Uint8Array(utf8.encode(String(text))); }
  }
  // Node 20 reads windows-1252 as Latin-1, from which it differs in 32 codes; so do we.
  const DECODINGS = [
    [/^(?:unicode-1-1-utf-8|utf-?8)$/, 'utf-8', (bytes) => utf8.decode(bytes, 0, bytes.length)],
    [/^(?:utf-16(?:le)?|ucs-2|unicode)$/, 'utf-16le', (bytes) => utf16.decode(bytes, 0, bytes.length)],
    [/^(?:(?:us-)?ascii|latin1|iso-?8859-?1|l1|windows-1252|cp1252)$/, 'windows-1252', (bytes) => latin1.decode(bytes, 0, bytes.length)],
  ];
  class TextDecoder {
    #decoding;
    #fatal;
    #keepMark;
    constructor(label = 'utf-8', options = {}) {
      const name = String(label).trim().toLowerCase();
      this.#decoding = DECODINGS.find(([labels]) => labels.test(name));
      if (this.#decoding === undefined) throw fail(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
      this.#fatal = Boolean(options.fatal);
      this.#keepMark = Boolean(options.ignoreBOM);
    }
    get encoding() { return this.#decoding[1]; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#keepMark; }
    decode(input) {
      if (input === undefined) return '';
      const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
      const text = this.#decoding[2](bytes);
      if (this.#fatal && this.encoding === 'utf-8' && text.includes('\ufffd')) {
        // Unless that character was sent, something was replaced by it.
        const again = utf8.encode(text);
        if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) {
          throw fail(TypeError, 'ERR_ENCODING_INVALID_ENCODED_DATA', 'The encoded data was not valid for encoding utf-8');
        }
      }
      return !this.#keepMark && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
  }
  global('TextEncoder', TextEncoder);
  global('TextDecoder', TextDecoder);

  // Of data: dates, maps and sets are not kept as such.
  global('structuredClone', function structuredClone(value) {
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  });

  // ---- console: nobody reads it --------------------------------------------------------------------------

  const console = {};
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table', 'assert', 'count', 'group', 'groupEnd', 'time', 'timeEnd', 'timeLog']) {
    console[name] = { [name]() {} }[name];
  }
  global('console', console);

  // ---- modules -------------------------------------------------------------------------------------------

  const modules = { buffer: { Buffer, atob, btoa, kMaxLength: 0x7fffffff }, util: { TextDecoder, TextEncoder } };
  global('require', function require(name) {
    const known = String(name).replace(/^node:/, '');
    if (Object.hasOwn(modules, known)) return { ...modules[known] };
    throw fail(Error, 'MODULE_NOT_FOUND', `Cannot find module '${name}'`);
  });
  global('global', globalThis);

  // ---- chance: the same for the same message -------------------------------------------------------------

  // xorshift32 (G. Marsaglia, Xorshift RNGs, 2003), whose state is never 0.
  let state = 1;
  host.seed = (value) => { state = value | 0 || 1; };
  defineProperty(Math, 'random', {
    value: function random() {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 4294967296;
    },
    writable: true,
    enumerable: false,
    configurable: true,
  });

  // Node throws for these; a result is better read than lost.
  defineProperty(BigInt.prototype, 'toJSON', {
    value: function toJSON() {
      const value = BigInt(this);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    },
    writable: true,
    enumerable: false,
    configurable: true,
  });
});
